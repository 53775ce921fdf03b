/** What the topic `dead-letter` tells: records that could not be read, and which of them were put back. */
import type { InRecord, OutRecord } from '../../edge-broker/kafka.ts'

export const deadLetterTopic = 'dead-letter'

/** Header of a record that was put back, and of the mark for it: the place of the dead letter, `dead-letter/0/17`. */
export const retriedHeader = 'retried'

/** What the shell adds to the headers of a record that it could not read. */
const told = ['position', 'code', 'reason'] as const

export type Letter = {
  /** Where the letter is: `dead-letter/0/17`. */
  readonly letter: string
  /** Where the record was: `telemetry/0/1234`. */
  readonly position: string
  readonly topic: string
  /** When the record had reached Kafka, ms UTC. */
  readonly timeMs: number
  /** Its key: the asset, with a waveform's tag. */
  readonly key: string
  /** As far as the record tells. */
  readonly source: string | undefined
  readonly code: string
  readonly reason: string
  /** The letter that was put back before and came to this. */
  readonly retryOf: string | undefined
  readonly wasRetried: boolean
  readonly bytes: number
  readonly record: InRecord
}

const placeOf = ({ topic, partition, offset }: InRecord): string => `${topic}/${partition}/${offset}`

/** The letters among the records of the topic, in their order; a mark tells of a letter before it. */
export function lettersIn(records: readonly InRecord[]): Letter[] {
  const isMark = ({ headers }: InRecord) => !headers.has('position')
  const marked = new Set(records.filter(isMark).map(({ headers }) => headers.get(retriedHeader)))
  return records.filter(record => !isMark(record)).map(record => letterOf(record, marked))
}

function letterOf(record: InRecord, marked: ReadonlySet<string | undefined>): Letter {
  const { headers, key, timestamp, value } = record
  const position = headers.get('position')!
  const letter = placeOf(record)
  return {
    letter,
    position,
    topic: position.slice(0, position.indexOf('/')),
    timeMs: timestamp,
    key,
    source: headers.get('source') ?? sourceIn(value),
    code: headers.get('code') ?? '',
    reason: headers.get('reason') ?? '',
    retryOf: headers.get(retriedHeader),
    wasRetried: marked.has(letter),
    bytes: value?.byteLength ?? 0,
    record,
  }
}

/** A telemetry record names its source near its beginning, also where it is cut off later. */
function sourceIn(value: Buffer | null): string | undefined {
  return /"source":"([^"\\]*)"/.exec(value?.toString('utf8', 0, 1_024) ?? '')?.[1]
}

export type LetterFilter = {
  /** A text that the key begins with: an asset, a line. */
  readonly asset?: string
  readonly source?: string
  readonly topic?: string
  readonly code?: string
  /** Places of letters, `dead-letter/0/17`. */
  readonly letters?: readonly string[]
}

export function isWanted(letter: Letter, { asset, source, topic, code, letters }: LetterFilter): boolean {
  return (
    (asset === undefined || letter.key === asset || letter.key.startsWith(`${asset}/`)) &&
    (source === undefined || letter.source === source) &&
    (topic === undefined || letter.topic === topic) &&
    (code === undefined || letter.code === code) &&
    (letters === undefined || letters.length === 0 || letters.includes(letter.letter))
  )
}

/** The record as it was, for the partition it was in, and the mark that it is there: for one transaction. */
export function putBack({ letter, topic, record }: Letter): OutRecord[] {
  const { partition, key, value } = record
  const kept = [...record.headers].filter(([name]) => !(told as readonly string[]).includes(name))
  const headers = { ...Object.fromEntries(kept), [retriedHeader]: letter }
  const mark = { topic: deadLetterTopic, partition, key, value: null, headers: { [retriedHeader]: letter } }
  return [{ topic, partition, key, value, headers }, mark]
}

/** What a person or a program is told of a letter. */
export function toldOf({ record, timeMs, wasRetried, ...letter }: Letter) {
  return { ...letter, time: new Date(timeMs).toISOString(), state: wasRetried ? 'put-back' : 'waiting' }
}
