import { describe, expect, test } from 'vitest'
import { committedRecords, nextOffset } from '../../../edge-broker/client/batches.ts'

type Record = { key: string | null; value: string | null; delta?: number }
type BatchOptions = {
  base: number
  producer?: number
  attributes?: number
  records: Record[]
  first?: number
  last?: number
}

const transactional = 0x10
const control = 0x20

describe('committedRecords', () => {
  const from = (batches: Buffer, aborted: { producerId: bigint; firstOffset: bigint }[] = [], offset = 0n) =>
    committedRecords({ topic: 't', partition: 1, from: offset, batches, aborted })

  test('gives offsets, timestamps, keys and values; null stays null', () => {
    const records = from(
      batch({
        base: 7,
        first: 1_000,
        records: [
          { key: 'a', value: 'x' },
          { key: null, value: null, delta: -300 },
        ],
      }),
    )
    expect(records).toEqual([
      {
        topic: 't',
        partition: 1,
        offset: 7n,
        timestamp: 1_000,
        key: 'a',
        value: Buffer.from('x'),
        headers: new Map(),
      },
      { topic: 't', partition: 1, offset: 8n, timestamp: 700, key: '', value: null, headers: new Map() },
    ])
  })

  test('leaves out what lies before the offset asked for', () => {
    const records = from(
      batch({
        base: 0,
        records: [
          { key: 'a', value: '0' },
          { key: 'a', value: '1' },
        ],
      }),
      [],
      1n,
    )
    expect(records.map(({ offset }) => offset)).toEqual([1n])
  })

  test('hides control records and aborted transactions, by producer and from its first offset to its marker', () => {
    const batches = Buffer.concat([
      batch({ base: 0, producer: 1, attributes: transactional, records: [{ key: '', value: 'aborted 1' }] }),
      batch({
        base: 1,
        producer: 2,
        attributes: transactional,
        records: [{ key: '', value: 'committed 2' }],
      }),
      marker(2, 1, 'abort'),
      batch({
        base: 3,
        producer: 1,
        attributes: transactional,
        records: [{ key: '', value: 'committed 1' }],
      }),
      marker(4, 1, 'commit'),
      batch({
        base: 5,
        producer: 1,
        attributes: transactional,
        records: [{ key: '', value: 'aborted again' }],
      }),
      batch({ base: 6, producer: 3, records: [{ key: '', value: 'plain' }] }),
    ])
    const aborted = [
      { producerId: 1n, firstOffset: 5n },
      { producerId: 1n, firstOffset: 0n },
    ]
    expect(from(batches, aborted).map(({ value }) => String(value))).toEqual([
      'committed 2',
      'committed 1',
      'plain',
    ])
  })

  test('takes the time of the log when the topic says so', () => {
    const [record] = from(
      batch({ base: 0, attributes: 8, first: 1_000, last: 9_000, records: [{ key: '', value: '' }] }),
    )
    expect(record?.timestamp).toBe(9_000)
  })

  test('ignores a batch that was cut off, and refuses one that was damaged', () => {
    const good = batch({ base: 0, records: [{ key: 'a', value: 'x' }] })
    const next = batch({ base: 1, records: [{ key: 'a', value: 'y' }] })
    const cut = Buffer.concat([good, next.subarray(0, next.length - 1)])
    expect(from(cut)).toHaveLength(1)
    expect(nextOffset(cut)).toBe(1n)
    expect(nextOffset(Buffer.alloc(0))).toBeUndefined()
    next[next.length - 2]! ^= 1
    expect(() => from(Buffer.concat([good, next]))).toThrow(expect.objectContaining({ code: 'bad-payload' }))
  })
})

/** A record batch, version 2, written after the protocol guide. */
function batch({
  base,
  producer = -1,
  attributes = 0,
  records,
  first = 0,
  last = first,
}: BatchOptions): Buffer {
  const body = Buffer.alloc(40)
  body.writeInt16BE(attributes, 0)
  body.writeInt32BE(records.length - 1, 2)
  body.writeBigInt64BE(BigInt(first), 6)
  body.writeBigInt64BE(BigInt(last), 14)
  body.writeBigInt64BE(BigInt(producer), 22)
  body.writeInt32BE(records.length, 36)
  const checked = Buffer.concat([body, ...records.map(record)])
  const head = Buffer.alloc(21)
  head.writeBigInt64BE(BigInt(base), 0)
  head.writeInt32BE(checked.length + 9, 8)
  head[16] = 2
  head.writeUInt32BE(crc32c(checked), 17)
  return Buffer.concat([head, checked])
}

function marker(base: number, producer: number, type: 'abort' | 'commit'): Buffer {
  const key = Buffer.from([0, 0, 0, type === 'abort' ? 0 : 1]).toString('latin1')
  return batch({
    base,
    producer,
    attributes: transactional | control,
    records: [{ key, value: '\0'.repeat(6) }],
  })
}

function record({ key, value, delta = 0 }: Record, index: number): Buffer {
  const sized = (text: string | null) =>
    text === null ? varint(-1) : Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)])
  const fields = [Buffer.alloc(1), varint(delta), varint(index), sized(key), sized(value), varint(0)]
  const body = Buffer.concat(fields)
  return Buffer.concat([varint(body.length), body])
}

function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = (value << 1) ^ (value >> 31)
  for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80)
  return Buffer.from([...bytes, rest])
}

/** CRC-32C (Castagnoli), reflected polynomial 0x82f63b78 (RFC 3720, appendix B.4). */
function crc32c(bytes: Buffer): number {
  let crc = 0xffffffff
  for (const byte of bytes) {
    crc ^= byte
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1
  }
  return (crc ^ 0xffffffff) >>> 0
}
