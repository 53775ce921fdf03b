import type { Alarm, Micros, Signal } from '../../model/index.ts'

/** What is compared: the signals, and every change of an alarm. */
export const comparedTopics = ['signals', 'alarm-events'] as const
export type ComparedTopic = (typeof comparedTopics)[number]

/** One thing that is otherwise, as a person reads it. */
export type Sample = { readonly t: Micros; readonly was?: string; readonly wouldBe?: string }

export type Change = 'added' | 'gone' | 'changed'

/** The differences of one signal of an asset, or of its alarm. */
export type DifferenceRow = {
  readonly topic: ComparedTopic
  readonly asset: string
  readonly signal: string
  was: number
  wouldBe: number
  added: number
  gone: number
  changed: number
  /** Of the changed: those with another verdict or severity. */
  judgedOtherwise: number
  /** Source time of the first difference. */
  first: Micros | null
  /** The first few of each kind. */
  readonly samples: Record<Change, Sample[]>
}

type Side = 'was' | 'wouldBe'
type Entry = { readonly t: Micros; readonly essence: string; readonly judged: string; readonly told: string }

/** How many samples are kept of each row and change. */
const kept = 3

/**
 * Compares what was with what would be, whatever their order. Two records are the same result when they speak of the same
 * asset, signal and source time (and, for an alarm, the same state). Evidence and the ids made of it are no difference:
 * they name inputs. Holds what has no counterpart yet.
 */
export class Difference {
  readonly #rows = new Map<string, DifferenceRow>()
  readonly #waiting: Record<Side, Map<string, Entry[]>> = { was: new Map(), wouldBe: new Map() }

  add(side: Side, topic: ComparedTopic, value: Signal | Alarm): void {
    const row = this.#rowOf(topic, value)
    row[side]++
    const entry = entryOf(value)
    const key = `${topic} ${value.asset} ${value.signal} ${value.t} ${'state' in value ? value.state : ''}`
    const other = side === 'was' ? 'wouldBe' : 'was'
    const counterpart = taken(this.#waiting[other], key)
    if (counterpart === undefined) put(this.#waiting[side], key, entry)
    else compare(row, side === 'was' ? [entry, counterpart] : [counterpart, entry])
  }

  /** By asset and signal; what has found no counterpart was added, or is gone. */
  rows(): DifferenceRow[] {
    for (const [side, change] of [
      ['was', 'gone'],
      ['wouldBe', 'added'],
    ] as const) {
      for (const [key, entries] of this.#waiting[side]) {
        const row = this.#rows.get(key.split(' ', 3).join(' '))!
        for (const entry of entries) note(row, change, { t: entry.t, [side]: entry.told })
      }
      this.#waiting[side].clear()
    }
    return [...this.#rows.values()].sort(inOrder)
  }

  #rowOf(topic: ComparedTopic, { asset, signal }: Signal | Alarm): DifferenceRow {
    const key = `${topic} ${asset} ${signal}`
    const known = this.#rows.get(key)
    if (known) return known
    const counts = { was: 0, wouldBe: 0, added: 0, gone: 0, changed: 0, judgedOtherwise: 0 }
    const samples = { added: [], gone: [], changed: [] }
    const row: DifferenceRow = { topic, asset, signal, ...counts, first: null, samples }
    this.#rows.set(key, row)
    return row
  }
}

export function inOrder(a: DifferenceRow, b: DifferenceRow): number {
  const names = (row: DifferenceRow) => `${row.topic} ${row.asset} ${row.signal}`
  return names(a) < names(b) ? -1 : 1
}

function compare(row: DifferenceRow, [was, wouldBe]: [Entry, Entry]): void {
  if (was.essence === wouldBe.essence) return
  if (was.judged !== wouldBe.judged) row.judgedOtherwise++
  note(row, 'changed', { t: was.t, was: was.told, wouldBe: wouldBe.told })
}

/** The earliest few are kept, in whatever order they are found. */
function note(row: DifferenceRow, change: Change, sample: Sample): void {
  row[change]++
  if (row.first === null || sample.t < row.first) row.first = sample.t
  const samples = row.samples[change]
  if (samples.length === kept && sample.t >= samples.at(-1)!.t) return
  samples.push(sample)
  samples.sort((a, b) => a.t - b.t)
  samples.length = Math.min(samples.length, kept)
}

function entryOf(value: Signal | Alarm): Entry {
  const number = value.value === null ? 'not known' : `${value.value} ${value.unit}`
  if ('state' in value) {
    const { severity, state, reason } = value
    return {
      t: value.t,
      essence: JSON.stringify([severity, value.value, value.unit, reason]),
      judged: severity,
      told: `${state}, ${severity}: ${reason}`,
    }
  }
  const { verdict, limits, reason, details } = value
  return {
    t: value.t,
    essence: JSON.stringify([value.value, value.unit, verdict, limits, reason, details]),
    judged: verdict,
    told: `${number}, ${verdict}: ${reason}`,
  }
}

function put(waiting: Map<string, Entry[]>, key: string, entry: Entry): void {
  const others = waiting.get(key)
  if (others) others.push(entry)
  else waiting.set(key, [entry])
}

/** The first that waits under the key. */
function taken(waiting: Map<string, Entry[]>, key: string): Entry | undefined {
  const [first, ...others] = waiting.get(key) ?? []
  if (others.length > 0) waiting.set(key, others)
  else waiting.delete(key)
  return first
}
