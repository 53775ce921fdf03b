import type { SignalSpec } from '../config/plant.ts'
import type { Processor } from '../model/index.ts'
import { decode } from './input.ts'
import { RedoLogs, type Redone } from './redo.ts'
import { seen } from './seen.ts'
import { type Entry, readEntry } from './state-entry.ts'

/** How an entry of the changelog is called: `<processor>@<asset>`, or `<what>@<of>` for the worker's own. */
export const stateKey = (what: string, of: string): string => `${what}@${of}`

export type Restored = { readonly what: string; readonly of: string; readonly state: unknown }

/**
 * The states of one partition's assets by processor, and which entries of the changelog have changed since the last commit.
 * The records that a large state was stepped with since its snapshot are in `<processor>@<asset>/<slot>`.
 */
export class States {
  readonly #byAsset = new Map<string, Map<string, unknown>>()
  /** How a signal was declared when its state was made, by key. */
  readonly #specs = new Map<string, string>()
  readonly #logs = new RedoLogs()
  readonly #changed = new Map<string, () => unknown>()

  /** Assets that have been asked for. */
  get assets(): readonly string[] {
    return [...this.#byAsset.keys()]
  }

  get size(): number {
    return this.#byAsset.size
  }

  of(asset: string): Map<string, unknown> {
    const of = this.#byAsset.get(asset) ?? new Map<string, unknown>()
    this.#byAsset.set(asset, of)
    return of
  }

  /** An entry is to be written, with what it is at the commit. */
  note(key: string, value: () => unknown): void {
    this.#changed.set(key, value)
  }

  noteState(processor: string, asset: string): void {
    const of = this.of(asset)
    this.#changed.set(stateKey(processor, asset), () => of.get(processor))
  }

  /** A large state was stepped with the record. */
  noteStep(processor: string, asset: string, record: Redone): void {
    this.#logs.note(stateKey(processor, asset), record)
  }

  /** A signal that is declared otherwise than when its state was made begins anew. */
  renew(asset: string, signal: SignalSpec): void {
    const key = stateKey(signal.name, asset)
    const spec = JSON.stringify(signal)
    const before = this.#specs.get(key)
    if (before !== undefined && before !== spec) this.of(asset).delete(signal.name)
    this.#specs.set(key, spec)
  }

  /** Brings a restored large state to where it was. @throws MillraceError `bad-payload` where a record is missing */
  redo(asset: string, processor: Processor<unknown>): void {
    const key = stateKey(processor.name, asset)
    for (const record of this.#logs.of(key).redo(key)) {
      const event = decode({ ...onlyValueAndTimeCount, ...record })
      const of = this.of(asset)
      const [state] = processor.step(of.get(processor.name) ?? processor.initial(), event)
      of.set(processor.name, state)
    }
  }

  /**
   * Takes in what entries hold of declarations and of large states.
   * @returns what the entry says, unless it is records of a large state
   * @throws MillraceError as `readEntry`
   */
  restore(key: string, value: Buffer): Restored | undefined {
    const [what, of] = split(key)
    if (isSlot(what, of)) {
      const large = key.slice(0, key.lastIndexOf('/'))
      this.of(split(large)[1])
      this.#logs.of(large).restoreEntry(value)
      return undefined
    }
    const { state, spec, count } = readEntry(key, value)
    if (count !== undefined) this.#logs.of(key).restoreSnapshot(count, value.byteLength)
    if (spec !== undefined) this.#specs.set(key, spec)
    return { what, of, state }
  }

  /** What has changed since it was asked last. */
  changed(): { readonly key: string; readonly value: string | Uint8Array }[] {
    const noted = this.#logs.entries(key => this.#changed.has(key))
    for (const key of noted.whole) this.noteState(...split(key))
    const whole = Array.from(this.#changed, ([key, state]) => ({ key, value: this.#whole(key, state()) }))
    this.#changed.clear()
    return [...noted.entries, ...whole]
  }

  #whole(key: string, state: unknown): string {
    const log = this.#logs.get(key)
    const spec = this.#specs.get(key)
    const value = JSON.stringify({
      v: 1,
      state,
      ...(spec !== undefined && { spec }),
      ...(log && { count: log.count }),
    } satisfies Entry)
    log?.snapshotTaken(value.length)
    return value
  }
}

const onlyValueAndTimeCount = {
  topic: 'telemetry',
  partition: 0,
  offset: 0n,
  key: '',
  headers: new Map<string, string>(),
}

/** `<asset>/<slot>`, where an asset is `site/area/line/asset`. */
const isSlot = (what: string, of: string): boolean => what !== seen && /^([^/]+\/){4}\d+$/.test(of)

function split(key: string): [string, string] {
  const at = key.indexOf('@')
  return [key.slice(0, at), key.slice(at + 1)]
}
