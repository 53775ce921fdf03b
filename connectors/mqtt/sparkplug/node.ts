import { type RawMetric, type RawPayload, sent, small, wide } from './payload.ts'
import type { SparkplugTopic } from './topic.ts'

/** One metric as its birth told of it. */
export type Born = { readonly device: string; readonly name: string; readonly datatype: number }

/** A metric of a message with what is known of it. */
export type Named = { readonly raw: RawMetric; readonly born: Born; readonly sure: boolean }

export type Heard = {
  readonly metrics: readonly Named[]
  /** Metrics that nothing is known of: their name or their datatype was told in a birth that did not come. */
  readonly unknown: number
  /** Messages that never came, by the sequence numbers. */
  readonly missing: number | 'unknown'
  /** What is known has to be asked for again. */
  readonly wantsBirth: boolean
}

/** Metrics of every node and device that carry the protocol and no process value (Sparkplug 3.0, 6.4.7 and 5.4). */
export function isControl(name: string): boolean {
  return name === 'bdSeq' || name.startsWith('Node Control/') || name.startsWith('Device Control/')
}

const nothing: Heard = { metrics: [], unknown: 0, missing: 0, wantsBirth: false }

/**
 * One edge node as its messages tell (Sparkplug 3.0, 5.3 to 5.9). Numbers of all its messages but NDEATH run from 0 to
 * 255 and around; after a gap an alias may mean something else, so that what it names is not sure until the next birth.
 */
export class EdgeNode {
  #bdSeq: bigint | undefined
  #last: number | undefined
  #sure = false
  #alive = false
  readonly #born = new Map<string, Map<string, Born>>()
  readonly #aliases = new Map<string, Map<bigint, Born>>()

  /** Everything that is born and not dead, of one device or of all. */
  living(device?: string): Born[] {
    const devices = device === undefined ? [...this.#born.values()] : [this.#born.get(device) ?? new Map()]
    return devices.flatMap(metrics => [...metrics.values()])
  }

  metric(device: string, name: string): Born | undefined {
    return this.#born.get(device)?.get(name)
  }

  get isAlive(): boolean {
    return this.#alive
  }

  isBorn(device: string): boolean {
    return this.#born.has(device)
  }

  /** NBIRTH, NDATA, DBIRTH, DDATA; DDEATH for its number alone. */
  hear({ type, device }: SparkplugTopic, payload: RawPayload, repeated: boolean): Heard {
    const seq = small(sent(payload, 'seq'))
    if (repeated && seq !== undefined && seq === this.#last && type !== 'NBIRTH') return nothing
    if (type === 'NBIRTH') this.#begin(payload, seq)
    const missing = type === 'NBIRTH' ? 0 : this.#missing(seq)
    if (missing !== 0) this.#sure = false
    if (type === 'NBIRTH' || type === 'DBIRTH') this.#bear(device, payload.metrics)
    const named = payload.metrics.flatMap(raw => this.#name(device, raw))
    const strange = payload.metrics.length - named.length
    return {
      metrics: named,
      unknown: type === 'DDEATH' ? 0 : strange,
      missing,
      wantsBirth: !this.#sure || strange > 0 || (type !== 'DDEATH' && !this.#born.has(device)),
    }
  }

  /** NDEATH; false when it tells of an earlier life (6.4.23: its bdSeq is that of the NBIRTH it belongs to). */
  dies(payload: RawPayload): boolean {
    const bdSeq = bdSeqOf(payload)
    if (this.#bdSeq !== undefined && bdSeq !== undefined && bdSeq !== this.#bdSeq) return false
    this.#alive = this.#sure = false
    this.#last = undefined
    return true
  }

  /** After a death: nothing of it is known any more. */
  forget(device?: string): void {
    if (device === undefined) {
      this.#born.clear()
      this.#aliases.clear()
    } else {
      this.#born.delete(device)
      this.#aliases.delete(device)
    }
  }

  #begin(payload: RawPayload, seq: number | undefined): void {
    this.forget()
    this.#bdSeq = bdSeqOf(payload)
    this.#last = seq ?? 0
    this.#sure = this.#alive = true
  }

  /** Backwards is a late message or more than half the circle lost: which, the number cannot tell. */
  #missing(seq: number | undefined): number | 'unknown' {
    if (seq === undefined) return 0
    const before = this.#last
    this.#last = seq
    if (before === undefined) return 0
    const gap = (seq - before - 1) & 0xff
    return gap < 128 ? gap : 'unknown'
  }

  #bear(device: string, metrics: readonly RawMetric[]): void {
    this.forget(device)
    const born = new Map<string, Born>()
    const aliases = new Map<bigint, Born>()
    for (const metric of metrics) {
      const name = sent(metric, 'name')
      const alias = sent(metric, 'alias')
      if (name === undefined) continue
      const entry = { device, name, datatype: sent(metric, 'datatype') ?? 0 }
      born.set(name, entry)
      if (alias !== undefined) aliases.set(wide(alias), entry)
    }
    this.#born.set(device, born)
    this.#aliases.set(device, aliases)
  }

  #name(device: string, raw: RawMetric): Named[] {
    const name = sent(raw, 'name')
    const alias = sent(raw, 'alias')
    const byName = name ? this.#born.get(device)?.get(name) : undefined
    const known = byName ?? (alias === undefined ? undefined : this.#aliases.get(device)?.get(wide(alias)))
    const datatype = sent(raw, 'datatype') ?? known?.datatype
    const full = name || known?.name
    if (!full || !datatype) return []
    return [{ raw, born: { device, name: full, datatype }, sure: this.#sure || Boolean(name) }]
  }
}

function bdSeqOf(payload: RawPayload): bigint | undefined {
  const metric = payload.metrics.find(each => sent(each, 'name') === 'bdSeq')
  const value = metric && (sent(metric, 'longValue') ?? sent(metric, 'intValue'))
  return value === undefined ? undefined : wide(value)
}
