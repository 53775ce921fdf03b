import type { AssetId, Sample, StatusCode, Tag } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import { type Answer, refusal } from './answer.ts'
import { type Gathering, type Ground, isWrong, type Wrong } from './decoding.ts'
import type { Unknown } from './tags.ts'
import { checked } from './time.ts'
import { type Checked, checkedValue, isStatus } from './value.ts'

/** Columns of a telemetry record (model/telemetry.ts); `true`: may be left out. */
const columns = {
  tag: false,
  t: false,
  value: false,
  status: true,
  code: true,
  ps: true,
  serverT: true,
} as const
const fields = ['v', 'asset', 'tags', ...Object.keys(columns)]
const ours = ['source', 'epoch', 'seq']

type Columns = Partial<Record<keyof typeof columns, readonly unknown[]>>

/** Reads one telemetry record, or a list of them, without `source`, `epoch` and `seq`. */
export function gatherJson(text: string, gathering: Gathering): Answer | undefined {
  const posted = parsed(text)
  if (posted === undefined)
    return refusal(400, 'bad-payload', `the body is not JSON: ${whyNot(text)}`, 'GET / shows a record')
  const records = Array.isArray(posted.value) ? posted.value : [posted.value]
  for (const [i, record] of records.entries()) {
    if (gathering.isOver) break
    gatherRecord(record, Array.isArray(posted.value) ? `[${i}]` : '', gathering)
  }
  return undefined
}

/** Reading such numbers exactly costs time, which the others need not take. */
const longInteger = /(?<![\d.])(?:9\d{15}|\d{17,})(?![\d.eE])/

/** Integers that a double cannot hold become bigints; all others are what JSON.parse makes of them. */
function parsed(text: string): { value: unknown } | undefined {
  try {
    return {
      value: longInteger.test(text) ? (JSON.parse(text, exact as never) as unknown) : JSON.parse(text),
    }
  } catch {
    return undefined
  }
}

function exact(_key: string, value: unknown, { source }: { source?: string }): unknown {
  const isInexact = typeof value === 'number' && !Number.isSafeInteger(value) && source !== undefined
  return isInexact && /^-?\d{1,30}$/.test(source) ? BigInt(source) : value
}

function whyNot(text: string): string {
  try {
    JSON.parse(text)
    return ''
  } catch (error) {
    return (error as Error).message.slice(0, 200)
  }
}

function gatherRecord(record: unknown, path: string, gathering: Gathering): void {
  const head = headOf(record, gathering)
  if (isWrong(head)) {
    gathering.add({ ...head, field: `${path && head.field ? '.' : ''}${head.field ?? ''}` }, { field: path })
    return
  }
  for (let i = 0; i < head.columns.t!.length && !gathering.isOver; i++) {
    const found = sampleAt(head, i, gathering)
    const field = isWrong(found) ? { field: `${path && '.'}${found.field}[${i}]` } : {}
    gathering.add({ ...found, ...field }, { field: path })
  }
}

type Head = {
  /** The tag of an index into `tags`, looked for when a sample is of it. */
  readonly tagAt: (index: unknown) => Tag | Unknown | undefined
  readonly columns: Columns
}

/** What all samples of a record share, and that its columns are as long as each other. */
function headOf(record: unknown, { ground, fresh }: Gathering): Head | Wrong {
  if (!isObject(record)) return { wrong: 'a record is an object', hint: 'GET / shows a record' }
  const unknown = Object.keys(record).find(key => !fields.includes(key))
  if (unknown !== undefined) return unknownField(unknown)
  if (record.v !== undefined && record.v !== 1) {
    return { wrong: 'only version 1 is read', hint: 'Write "v": 1', field: 'v' }
  }
  const asset = assetOf(record, ground)
  if (typeof asset !== 'string') return asset
  const names = record.tags
  if (!isNames(names)) {
    return { wrong: 'a list of names of tags is needed', hint: 'Write "tags": ["speed"]', field: 'tags' }
  }
  const uneven = unevenColumn(record)
  if (uneven) return uneven
  const found = new Map<string, Tag | Unknown>()
  const tagAt = (index: unknown) => {
    const name = typeof index === 'number' ? names[index] : undefined
    if (name === undefined) return undefined
    const tag = found.get(name) ?? ground.tags.find(asset, name, fresh)
    found.set(name, tag)
    return tag
  }
  return { tagAt, columns: record }
}

function assetOf(record: Record<string, unknown>, { asset: named, tags }: Ground): AssetId | Wrong {
  const asset = record.asset ?? named
  if (typeof asset !== 'string') {
    return { wrong: 'the asset is missing', hint: 'Write "asset": "site/area/line/asset"', field: 'asset' }
  }
  if (named !== undefined && named !== asset) {
    return { wrong: `the URL names another asset: ${named}`, hint: 'Name it once', field: 'asset' }
  }
  const unknown = tags.unknownAsset(asset)
  return unknown ? { ...unknown, field: 'asset' } : asset
}

function sampleAt({ tagAt, columns }: Head, i: number, { ground }: Gathering): Sample | Wrong {
  const tag = tagAt(columns.tag![i])
  if (tag === undefined) return { wrong: 'is no index into tags', hint: 'Indices count from 0', field: 'tag' }
  if (isWrong(tag)) return { ...tag, field: 'tag' }
  const status = columns.status === undefined ? 0 : columns.status[i]
  if (!isStatus(status)) {
    return { wrong: 'is no status code', hint: '0 is good; OPC UA status codes', field: 'status' }
  }
  const t = columns.t![i]
  const time = checked(typeof t === 'number' ? t : Number.NaN, ground.latest)
  if (isWrong(time)) return { ...time, field: 't' }
  const value = valueAt(columns, i, tag, status)
  if (isWrong(value)) return { ...value, field: 'value' }
  const extra = extraAt(columns, i)
  return isWrong(extra) ? extra : { tag, t: time.t, value: value.value, status, ...extra }
}

function valueAt(columns: Columns, i: number, tag: Tag, status: StatusCode): Checked {
  const posted = columns.value![i]
  if (typeof posted !== 'number' || Number.isFinite(posted)) return checkedValue(tag, posted, status)
  return { wrong: 'is beyond what a double holds', hint: 'Infinity is posted as the text "Infinity"' }
}

/** What few senders have: the protocol's own code, picoseconds, the time of a server between. */
function extraAt(columns: Columns, i: number): Pick<Sample, 'code' | 'picoseconds' | 'serverTime'> | Wrong {
  const [code = null, picoseconds = null, serverTime = null] = (['code', 'ps', 'serverT'] as const).map(
    column => columns[column]?.[i],
  )
  for (const [field, entry] of Object.entries({ code, ps: picoseconds, serverT: serverTime })) {
    if (entry !== null && !Number.isSafeInteger(entry)) {
      return { wrong: 'is not a whole number', hint: 'Leave the column out where there is none', field }
    }
  }
  return {
    ...(code !== null && { code: code as number }),
    ...(picoseconds !== null && { picoseconds: picoseconds as number }),
    ...(serverTime !== null && { serverTime: serverTime as number }),
  }
}

function unevenColumn(record: Record<string, unknown>): Wrong | undefined {
  const samples = Array.isArray(record.t) ? record.t.length : 0
  for (const [column, isOptional] of Object.entries(columns)) {
    const entries = record[column]
    if (entries === undefined && isOptional) continue
    if (!Array.isArray(entries))
      return {
        wrong: 'a list with one entry a sample is needed',
        hint: 'GET / shows a record',
        field: column,
      }
    if (entries.length !== samples) {
      return {
        wrong: `${entries.length} entries, and t has ${samples}`,
        hint: 'One entry a sample in every column',
        field: column,
      }
    }
  }
  return undefined
}

function unknownField(field: string): Wrong {
  if (ours.includes(field))
    return { wrong: `${field} is given here, not by the sender`, hint: `Leave ${field} out`, field }
  const meant = nearest(field, fields)
  const hint = meant === undefined ? `Fields are ${fields.join(', ')}` : `Did you mean "${meant}"?`
  return { wrong: 'there is no such field', hint, field }
}

function isObject(thing: unknown): thing is Record<string, unknown> {
  return typeof thing === 'object' && thing !== null && !Array.isArray(thing)
}

function isNames(thing: unknown): thing is string[] {
  return Array.isArray(thing) && thing.every(name => typeof name === 'string')
}
