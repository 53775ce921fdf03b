import type { Micros } from '../../model/index.ts'
import type { BufferedRow } from './buffer.ts'

/** Whether nobody else has sent a sample: `tag` is `asset/tag`, `t` its source time, `receivedAt` when its row came in. */
export type IsOurs = (tag: string, t: Micros, receivedAt: Micros) => boolean

/**
 * Where every session reads by itself: a tag is the other server's from the first sample on that it has sent.
 * @param firsts by `asset/tag`: the source time of that sample
 * @param since when the first of its rows came in: decides for tags of which `firsts` knows nothing
 */
export function beforeFirsts(firsts: ReadonlyMap<string, Micros>, since: Micros): IsOurs {
  return (tag, t, receivedAt) => {
    const first = firsts.get(tag)
    return first === undefined ? receivedAt < since : t < first
  }
}

type Columns = Record<string, unknown[]> & { tags: string[]; tag: number[]; t: Micros[] }

/** The columns with one entry a sample. */
const perSample = ['tag', 't', 'value', 'status', 'code', 'serverT', 'ps']

/** A number without samples: what was under it is read twice, and kept once elsewhere. Sequences stay gapless. */
const nothing = Buffer.from('"tags":[],"tag":[],"t":[],"value":[],"status":[]}')

/** The rows that lose samples, as they are without them, and how many samples these are. */
export function withoutSuperseded(
  rows: readonly BufferedRow[],
  isOurs: IsOurs,
): { rows: BufferedRow[]; samples: number } {
  const changed: BufferedRow[] = []
  let samples = 0
  for (const row of rows) {
    const kept = row.topic === 'waveforms' ? blockWithout(row, isOurs) : samplesWithout(row, isOurs)
    if (!kept) continue
    changed.push(kept.row)
    samples += kept.samples
  }
  return { rows: changed, samples }
}

type Kept = { row: BufferedRow; samples: number } | undefined

function blockWithout({ asset, tag, seq, receivedAt, headers }: BufferedRow, isOurs: IsOurs): Kept {
  if (isOurs(`${asset}/${tag}`, Number(headers?.t), receivedAt)) return undefined
  return { row: { topic: 'telemetry', asset, seq, receivedAt, body: nothing, samples: 0 }, samples: 1 }
}

function samplesWithout(row: BufferedRow, isOurs: IsOurs): Kept {
  const columns = JSON.parse(`{${Buffer.from(row.body).toString()}`) as Columns
  const { tags, tag, t } = columns
  const ours = t.map((time, i) => isOurs(`${row.asset}/${tags[tag[i]!]}`, time, row.receivedAt))
  const samples = ours.filter(own => !own).length
  if (samples === 0) return undefined
  if (samples === t.length) return { row: { ...row, body: nothing, samples: 0 }, samples }
  const left = Object.entries(columns).map(([name, column]) => [
    name,
    perSample.includes(name) ? column.filter((_, i) => ours[i]) : column,
  ])
  const body = Buffer.from(JSON.stringify(Object.fromEntries(left)).slice(1))
  return { row: { ...row, body, samples: t.length - samples }, samples }
}
