import { describe, expect, test } from 'vitest'
import { committedRecords } from '../../../edge-broker/client/batches.ts'
import { kafkaError } from '../../../edge-broker/client/errors.ts'
import { type Message, produce } from '../../../edge-broker/client/produce.ts'

/** What would go out to a broker. */
function requested(messages: Message[]): Buffer {
  let payload: Buffer | undefined
  const send = (_key: number, _version: number, create: () => { buffer: Buffer }) => {
    payload = create().buffer
  }
  produce({ send } as unknown as Parameters<typeof produce>[0], -1, 1_000, messages, {}, () => {})
  return payload!
}

/** Before the batch, for one small partition of a topic of one letter: id, acks, timeout, the topic, the partition. */
const batchAt = 1 + 2 + 4 + (1 + 2) + (1 + 4 + 1)

function recordsOf(request: Buffer) {
  const end = batchAt + 12 + request.readInt32BE(batchAt + 8)
  const batches = request.subarray(batchAt, end)
  return committedRecords({ topic: 't', partition: 1, from: 0n, batches, aborted: [] })
}

describe('a produce request', () => {
  test('has the time of its first attempt where a message has none', () => {
    const message: Message = { topic: 't', partition: 1, key: Buffer.from('k'), value: Buffer.from('v') }
    const before = Date.now()
    const request = requested([message])
    const [record] = recordsOf(request)
    expect(record).toMatchObject({ key: 'k', value: Buffer.from('v') })
    expect(record!.timestamp).toBeGreaterThanOrEqual(before)
    while (Date.now() === record!.timestamp);
    expect(requested([message])).toEqual(request)
  })

  test('that cannot be encoded is not tried again', () => {
    const thrown = (() => {
      try {
        return requested([{ topic: 't', partition: 1, timestamp: 'now' as unknown as bigint }])
      } catch (error) {
        return error
      }
    })()
    expect(thrown).toMatchObject({ canRetry: false }) // the library's word for it
    expect(kafkaError(thrown, 'commit')).toMatchObject({ code: 'internal', transient: false })
  })
})
