import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { committedRecords } from '../../../edge-broker/client/batches.ts'
import { encodeBatch } from '../../../edge-broker/client/record-batch.ts'

const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
const text = fc.string({ maxLength: 200 })
const message = fc.record({
  key: text,
  value: fc.option(bytes),
  headers: fc.uniqueArray(fc.tuple(text, text), { maxLength: 3, selector: ([name]) => name }),
  afterMs: fc.integer({ min: -(2 ** 31) + 1, max: 2 ** 31 - 1 }),
})
const producer = fc.record({
  producerId: fc.bigInt({ min: -1n, max: 2n ** 62n }),
  producerEpoch: fc.integer({ min: -1, max: 32_767 }),
  firstSequence: fc.integer({ min: 0, max: 2 ** 31 - 1 }),
  isTransactional: fc.boolean(),
  isCompressed: fc.boolean(),
})
const beginMs = Date.UTC(2026, 0, 1)

describe('a record batch', () => {
  test('is read as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(fc.array(message, { minLength: 1, maxLength: 300 }), producer, (messages, by) => {
        const times = messages.map(({ afterMs }, i) => (i === 0 ? beginMs : beginMs + afterMs))
        const batch = encodeBatch(
          messages.map(({ key, value, headers }, i) => ({
            key: Buffer.from(key),
            value,
            headers: new Map(headers.map(([name, text]) => [Buffer.from(name), Buffer.from(text)])),
            timestamp: BigInt(times[i]!),
          })),
          by,
        )
        const place = { topic: 't', partition: 3 }
        const read = committedRecords({ ...place, from: 0n, batches: batch, aborted: [] })
        expect(read).toEqual(
          messages.map(({ key, value, headers }, i) => ({
            ...place,
            offset: BigInt(i),
            timestamp: times[i],
            key,
            value,
            headers: new Map(headers),
          })),
        )
        expect(batch.readBigInt64BE(43)).toBe(by.producerId)
        expect(batch.readInt16BE(51)).toBe(by.producerEpoch)
        expect(batch.readInt32BE(53)).toBe(by.firstSequence)
        expect((batch.readInt16BE(21) & 16) !== 0).toBe(by.isTransactional)
        expect(Number(batch.readBigInt64BE(35))).toBe(Math.max(...times))
      }),
      { numRuns: 200, seed: 1 },
    )
  })
})
