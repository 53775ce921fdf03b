import { compressionsAlgorithmsByBitmask, crc32c } from '@platformatic/kafka'
import { MillraceError } from '../../model/index.ts'
import type { InRecord } from '../kafka.ts'

/**
 * Record batches, version 2, as they are in the log and in fetch responses (Kafka documentation, 5.3.1 Record Batch).
 * Integers are big endian, varints zigzag encoded.
 */
const at = {
  length: 8,
  magic: 16,
  crc: 17,
  attributes: 21,
  lastOffsetDelta: 23,
  baseTimestamp: 27,
  maxTimestamp: 35,
  producerId: 43,
  count: 57,
  records: 61,
}
const lengthEnd = 12
const compressionMask = 0b111
const logAppendTimeBit = 1 << 3
const transactionalBit = 1 << 4
const controlBit = 1 << 5
/** A control record's key: version int16, type int16 (0 abort, 1 commit). */
const abortMarker = 0

export type AbortedTransaction = { readonly producerId: bigint; readonly firstOffset: bigint }

/** What a fetch gave for one partition. */
export type Fetched = {
  readonly topic: string
  readonly partition: number
  /** The offset asked for; the first batch may begin before it. */
  readonly from: bigint
  readonly batches: Buffer
  readonly aborted: readonly AbortedTransaction[]
}

/** The offset after the last whole batch; undefined when there is none. Reads headers only. */
export function nextOffset(batches: Buffer): bigint | undefined {
  let next: bigint | undefined
  for (const batch of wholeBatches(batches)) next = lastOffset(batch) + 1n
  return next
}

/**
 * The records that a reader of committed ones may see: no control records, none of an aborted transaction (whose data
 * may reach over several fetches, so the broker's list counts and not the marker), and none before `from`.
 * @throws MillraceError `bad-payload` when a checksum or format is wrong
 */
export function committedRecords(fetched: Fetched): InRecord[] {
  const records: InRecord[] = []
  const aborted = new AbortedProducers(fetched.aborted)
  for (const batch of wholeBatches(fetched.batches)) {
    check(batch, fetched)
    const attributes = batch.readInt16BE(at.attributes)
    const hidden = aborted.hides(batch, attributes)
    if (!hidden && (attributes & controlBit) === 0) decode(batch, attributes, fetched, records)
  }
  return records
}

/** Which producers are inside an aborted transaction, batch by batch. */
class AbortedProducers {
  readonly #coming: AbortedTransaction[]
  readonly #open = new Set<bigint>()

  constructor(aborted: readonly AbortedTransaction[]) {
    this.#coming = [...aborted].sort((a, b) => (a.firstOffset < b.firstOffset ? -1 : 1))
  }

  hides(batch: Buffer, attributes: number): boolean {
    const last = lastOffset(batch)
    while (this.#coming[0] && this.#coming[0].firstOffset <= last)
      this.#open.add(this.#coming.shift()!.producerId)
    if (this.#open.size === 0 || (attributes & transactionalBit) === 0) return false
    const producerId = batch.readBigInt64BE(at.producerId)
    if ((attributes & controlBit) === 0) return this.#open.has(producerId)
    if (controlType(batch) === abortMarker) this.#open.delete(producerId)
    return true
  }
}

function controlType(batch: Buffer): number {
  const cursor = new Cursor(batch, at.records)
  skipToKey(cursor)
  return cursor.bytes()?.readInt16BE(2) ?? -1
}

function* wholeBatches(buffer: Buffer): Generator<Buffer> {
  for (let start = 0; start + lengthEnd <= buffer.length; ) {
    const end = start + lengthEnd + buffer.readInt32BE(start + at.length)
    if (end > buffer.length) return // cut off by the fetch's size limit
    yield buffer.subarray(start, end)
    start = end
  }
}

function lastOffset(batch: Buffer): bigint {
  return batch.readBigInt64BE(0) + BigInt(batch.readInt32BE(at.lastOffsetDelta))
}

function check(batch: Buffer, { topic, partition }: Fetched): void {
  const wrong =
    batch[at.magic] !== 2
      ? `version ${batch[at.magic]}`
      : crc32c(batch.subarray(at.attributes)) !== batch.readUInt32BE(at.crc)
        ? 'wrong checksum'
        : undefined
  if (!wrong) return
  throw new MillraceError('bad-payload', `${topic}/${partition} at ${batch.readBigInt64BE(0)}: ${wrong}`, {
    hint: "Check the broker's disk; another replica may have the records",
  })
}

function decode(
  batch: Buffer,
  attributes: number,
  { topic, partition, from }: Fetched,
  into: InRecord[],
): void {
  const base = batch.readBigInt64BE(0)
  const baseTimestamp = Number(batch.readBigInt64BE(at.baseTimestamp))
  const appended =
    (attributes & logAppendTimeBit) !== 0 ? Number(batch.readBigInt64BE(at.maxTimestamp)) : undefined
  const cursor = new Cursor(payload(batch, attributes), 0)
  for (let left = batch.readInt32BE(at.count); left > 0; left--) {
    const end = cursor.varint() + cursor.position
    cursor.position++ // attributes: unused
    const timestamp = appended ?? baseTimestamp + cursor.varlong()
    if (appended !== undefined) cursor.varlong()
    const offset = base + BigInt(cursor.varint())
    if (offset >= from) {
      const key = cursor.text()
      const value = cursor.bytes()
      into.push({ topic, partition, offset, timestamp, key, value, headers: headersOf(cursor) })
    }
    cursor.position = end
  }
}

function payload(batch: Buffer, attributes: number): Buffer {
  const records = batch.subarray(at.records)
  const compression = attributes & compressionMask
  if (compression === 0) return records
  const algorithm = compressionsAlgorithmsByBitmask[compression]
  if (!algorithm)
    throw new MillraceError('unsupported', `compression ${compression} is not known to Kafka 4.3`)
  return algorithm.decompressSync(records)
}

const noHeaders: ReadonlyMap<string, string> = new Map()

function headersOf(cursor: Cursor): ReadonlyMap<string, string> {
  const count = cursor.varint()
  if (count === 0) return noHeaders
  const headers = new Map<string, string>()
  for (let i = 0; i < count; i++) headers.set(cursor.text(), cursor.text())
  return headers
}

function skipToKey(cursor: Cursor): void {
  cursor.varint() // length
  cursor.position++ // attributes
  cursor.varlong() // timestamp delta
  cursor.varint() // offset delta
}

/** Reads a record's fields one after the other. Numbers, not BigInt, within: this is the reader's hot path. */
class Cursor {
  readonly buffer: Buffer
  position: number

  constructor(buffer: Buffer, position: number) {
    this.buffer = buffer
    this.position = position
  }

  varint(): number {
    const { buffer } = this
    let byte = buffer[this.position++]!
    let value = byte & 0x7f
    for (let shift = 7; byte > 0x7f; shift += 7) {
      byte = buffer[this.position++]!
      value |= (byte & 0x7f) << shift
    }
    return (value >>> 1) ^ -(value & 1)
  }

  /** Exact up to 2^53, which is what a Date takes too. */
  varlong(): number {
    let value = 0
    let scale = 1
    for (let byte = 0x80; byte > 0x7f; scale *= 128) {
      byte = this.buffer[this.position++]!
      value += (byte & 0x7f) * scale
    }
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2
  }

  bytes(): Buffer | null {
    const length = this.varint()
    if (length < 0) return null
    const start = this.position
    this.position += length
    return this.buffer.subarray(start, this.position)
  }

  text(): string {
    const length = this.varint()
    if (length <= 0) return ''
    const start = this.position
    this.position += length
    return this.buffer.toString('utf8', start, this.position)
  }
}
