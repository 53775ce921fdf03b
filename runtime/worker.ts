import { isDeepStrictEqual } from 'node:util'
import { lifecycle } from '../alarms/lifecycle.ts'
import type { Plant } from '../config/plant.ts'
import type { InRecord, OutRecord } from '../edge-broker/kafka.ts'
import { partitionOf } from '../edge-broker/partition.ts'
import { placeKey } from '../edge-broker/task/cut-back.ts'
import type { Worker } from '../edge-broker/task/shell.ts'
import { type Chain, lineOf, type Micros, type Processor, type ProcessorEvent } from '../model/index.ts'
import { chainFor, runChain, runTick } from '../processors/chain.ts'
import { activationOf, tickIn, tickRecord, type Where } from './activation.ts'
import { retriedHeader } from './deadletter/letters.ts'
import { Retries } from './deadletter/retries.ts'
import { clockTopic, decode, type InputEvent, labelOf } from './input.ts'
import { type ModelBook, noModels } from './models/book.ts'
import { type Moment, published } from './published.ts'
import { type LastOfEpoch, Seen, seen } from './seen.ts'
import { type Restored, States, stateKey } from './states.ts'
import { Ticks } from './ticks.ts'

type Place = Where & Pick<InRecord, 'headers'> & { readonly value: Buffer | null }

export type ChainWorkerOptions = {
  /** Topics of results that anybody wants; left out: all. */
  readonly isWanted?: (topic: string) => boolean
  /** False where nobody asks for `changed`. */
  readonly keepsState?: boolean
  /** Is told of every record that can be read. */
  readonly onEvent?: (event: InputEvent) => void
  /** The models as they are now; left out: none. */
  readonly books?: { readonly current: ModelBook }
}

export type ChainWorker = Worker & {
  /** `step` of a record that is decoded already. */
  take(event: InputEvent, record: Place): readonly OutRecord[]
}

/**
 * The processors of one partition as the exactly-once shell runs them: every asset's chain with its state, and the
 * (source, epoch, seq) last taken of each source. A plant that has changed takes effect with the next record, which an
 * `activations` record names: only assets that are declared otherwise get new chains, and only signals that are declared
 * otherwise begin with a new state.
 */
export function chainWorker(
  plants: { readonly current: Plant },
  options: ChainWorkerOptions = {},
): ChainWorker {
  return new PartitionWorker(plants, options)
}

/**
 * Its own entries of the changelog: `seen@<topic>/<source>` for the last record taken of a source,
 * `seen@retried/<topic>/<source>` for the dead letters of it that were put back and taken, `active@<plant>` for the hash of the
 * plant folder that was active last, `models@<plant>` for the models that were, and `tick@<plant>` for the last tick.
 */
const [active, models, tick, retried] = ['active', 'models', 'tick', 'retried/'] as const

class PartitionWorker implements ChainWorker {
  readonly #plants: { readonly current: Plant }
  readonly #isWanted: (topic: string) => boolean
  readonly #keepsState: boolean
  readonly #onEvent: (event: InputEvent) => void
  readonly #books: { readonly current: ModelBook }

  #plant: Plant
  #activeHash: string | undefined
  #activeModels = '{}'
  readonly #chains = new Map<string, Chain>()
  readonly #classes = new Map<string, string>()
  readonly #states = new States()
  readonly #seen = new Seen()
  readonly #retries = new Retries()
  readonly #ticks = new Ticks()
  #known: { readonly of: Plant; readonly states: number; readonly assets: readonly string[] } | undefined

  constructor(plants: { readonly current: Plant }, options: ChainWorkerOptions) {
    this.#plants = plants
    this.#plant = plants.current
    this.#isWanted = options.isWanted ?? (() => true)
    this.#keepsState = options.keepsState ?? true
    this.#onEvent = options.onEvent ?? (() => {})
    this.#books = options.books ?? { current: noModels }
  }

  restore(key: string, value: Buffer): void {
    if (key === placeKey) return // of the shell's own
    const entry = this.#states.restore(key, value)
    if (entry) this.#restored(key, entry)
  }

  step(record: InRecord): readonly OutRecord[] {
    if (record.topic === 'activations') return this.#ticked(tickIn(record, this.#ticks), record)
    if (record.topic === 'labels') return this.#labelled(record)
    return this.take(decode(record), record)
  }

  take(event: InputEvent, record: Place): readonly OutRecord[] {
    this.#onEvent(event)
    const identity = event.kind === 'waveform' ? event.block : event.record
    const source = `${record.topic}/${identity.source}`
    const isRetry = record.headers.has(retriedHeader)
    const letter = stateKey(seen, `${retried}${source}`)
    if (isRetry ? !this.#retries.isNew(letter, identity) : !this.#isNew(stateKey(seen, source), identity))
      return []
    this.#adopt(this.#plants.current)
    const before = [
      ...this.#activation(record),
      ...this.#modelActivation(record),
      ...this.#ticked(this.#ticks.before(record), record),
    ]
    const outputs = this.#stepped(identity.asset, event, record)
    if (isRetry) {
      const taken = this.#retries.note(letter, identity)
      this.#states.note(letter, () => taken)
    }
    return [...before, ...outputs]
  }

  idle(partition: number, ms: number): readonly OutRecord[] {
    const t = this.#ticks.at(ms)
    if (t === undefined) return []
    this.#adopt(this.#plants.current)
    // Waveforms may have gone on beyond the time that is told: a replay must have them before it, too.
    const timestamp = Math.max(t / 1_000, this.#ticks.newest)
    const place = { topic: clockTopic, partition, offset: BigInt(this.#ticks.next), timestamp }
    const activated = [...this.#activation(place), tickRecord(this.#plant, place, t)]
    return [...activated, ...this.#ticked(t, place)]
  }

  changed(): ReturnType<States['changed']> {
    return this.#states.changed()
  }

  #restored(key: string, { what, of, state }: Restored): void {
    if (what === active) this.#activeHash = state as string
    else if (what === models) this.#activeModels = state as string
    else if (what === tick) this.#ticks.restore(state as Ticks['kept'])
    else if (what === seen && of.startsWith(retried)) this.#retries.restore(key, state as readonly string[])
    else if (what === seen) this.#seen.restore(key, state as LastOfEpoch)
    else this.#states.of(of).set(what, state)
  }

  #isNew(key: string, identity: Parameters<Seen['take']>[1]): boolean {
    const last = this.#seen.take(key, identity)
    if (last) this.#states.note(key, () => last)
    return last !== undefined
  }

  #stepped(asset: string, event: ProcessorEvent, record: Place): OutRecord[] {
    const chain = this.#chainOf(asset)
    const assetClass = this.#classes.get(asset)
    const given =
      event.kind === 'telemetry' && assetClass !== undefined
        ? { ...event, models: this.#books.current.of(assetClass) }
        : event
    const outputs = runChain(this.#states.of(asset), chain, given)
    if (this.#keepsState) this.#noteStep(event, record, chain)
    return outputs.flatMap(output => published(output, this.#plant, record, this.#isWanted))
  }

  #noteStep(event: ProcessorEvent, record: Place, { asset, processors }: Chain): void {
    for (const { name, isLarge } of processors) {
      if (!isLarge) this.#states.noteState(name, asset)
      else if (event.kind === 'telemetry') this.#states.noteStep(name, asset, record)
    }
  }

  #ticked(t: Micros | undefined, place: Moment): OutRecord[] {
    if (t === undefined) return []
    this.#states.note(stateKey(tick, this.#plant.name), () => this.#ticks.kept)
    return this.#assetsIn(place.partition).flatMap(asset => {
      const { outputs, changed } = runTick(this.#states.of(asset), this.#chainOf(asset), t)
      for (const name of changed) this.#states.noteState(name, asset)
      return outputs.flatMap(output => published(output, this.#plant, place, this.#isWanted))
    })
  }

  /** What ends a life begins a new one; what judges an alarm is for training. */
  #labelled(record: InRecord): OutRecord[] {
    const { asset, what, at } = labelOf(record)
    if (what !== 'repaired' && what !== 'failed') return []
    return this.#stepped(asset, { kind: 'repair', t: at }, record)
  }

  /** Every asset that is declared for the partition or has a state there, in one order whatever was restored when. */
  #assetsIn(partition: number): readonly string[] {
    const [plant, states] = [this.#plant, this.#states]
    if (this.#known?.of === plant && this.#known.states === states.size) return this.#known.assets
    const here = ({ id }: { id: string }) => partitionOf(lineOf(id), plant.partitions) === partition
    const declared = plant.assets.filter(here).map(({ id }) => id)
    for (const id of declared) states.of(id)
    const assets = [...new Set([...declared, ...states.assets])].sort()
    this.#known = { of: plant, states: states.size, assets }
    return assets
  }

  #chainOf(asset: string): Chain {
    const known = this.#chains.get(asset)
    if (known) return known
    const { assets, alarms, aggregates } = this.#plant
    const declared = assets.find(({ id }) => id === asset)
    const chain = chainFor(
      declared ?? { id: asset, tags: [], signals: [] },
      [lifecycle(alarms) as Processor<unknown>],
      aggregates && { aggregate: aggregates },
    )
    this.#chains.set(asset, chain)
    if (declared?.class !== undefined) this.#classes.set(asset, declared.class)
    else this.#classes.delete(asset)
    for (const processor of chain.processors) if (processor.isLarge) this.#states.redo(asset, processor)
    for (const signal of declared?.signals ?? []) this.#states.renew(asset, signal)
    return chain
  }

  #adopt(next: Plant): void {
    if (next === this.#plant) return
    const of = (asset: string, { assets, alarms, aggregates }: Plant) => [
      assets.find(({ id }) => id === asset),
      alarms,
      aggregates,
    ]
    for (const [asset, { processors }] of this.#chains) {
      if (isDeepStrictEqual(of(asset, this.#plant), of(asset, next))) continue
      // What was stepped so far was stepped as it was declared then: it is not to be stepped again.
      for (const { name, isLarge } of processors) if (isLarge) this.#states.noteState(name, asset)
      this.#chains.delete(asset)
    }
    this.#plant = next
  }

  /** Once a plant folder and partition: from which input record on it holds. */
  #activation(record: Where): OutRecord[] {
    const { hash, name } = this.#plant
    if (this.#activeHash === hash) return []
    this.#activeHash = hash
    this.#states.note(stateKey(active, name), () => this.#activeHash)
    return [activationOf(this.#plant, record)]
  }

  /** Once a choice of models and partition. */
  #modelActivation(record: Place): OutRecord[] {
    const book = this.#books.current
    const inForce = JSON.stringify(book.inForce)
    if (this.#activeModels === inForce) return []
    this.#activeModels = inForce
    this.#states.note(stateKey(models, this.#plant.name), () => this.#activeModels)
    return [activationOf(this.#plant, record, book)]
  }
}
