import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { MillraceError, status } from '../../../model/index.ts'
import { declare, optionsFor, start } from './device.ts'

/** What the device answers to one request; undefined: nothing. */
type Answering = (request: Buffer) => Buffer | undefined

let answering: Answering = () => undefined
const sockets = new Set<Socket>()
const server = createServer(socket => {
  sockets.add(socket)
  socket.on('error', () => {})
  socket.on('data', request => {
    const answer = answering(request)
    if (answer) socket.write(answer)
  })
})
const port = () => (server.address() as { port: number }).port

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})
afterAll(() => {
  for (const socket of sockets) socket.destroy()
  server.close()
})

const tag = declare('value', 'holding/0:float32')
const connecting = () => start([tag], optionsFor(port(), { timeoutMs: 100, scanMs: 10 }))
const framed = (request: Buffer, pdu: Uint8Array) => {
  const head = Buffer.from([...request.subarray(0, 4), 0, 0, request[6]!])
  head.writeUInt16BE(pdu.length + 1, 4)
  return Buffer.concat([head, pdu])
}

test('random bytes in place of an answer: no answer, in time, and nothing uncoded', async () => {
  const answers = fc.uint8Array({ minLength: 1, maxLength: 64 })
  await fc.assert(
    fc.asyncProperty(answers, async bytes => {
      answering = () => Buffer.from(bytes)
      const outcome = await connecting().catch(thrown => thrown)
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(MillraceError)
      else await outcome.stop()
    }),
    { numRuns: 15 },
  )
})

test('a framed answer that does not fit is bad, never a value', async () => {
  const pdus = fc.uint8Array({ minLength: 1, maxLength: 12 }).filter(([fn, count]) => fn !== 3 || count !== 4)
  await fc.assert(
    fc.asyncProperty(pdus, async pdu => {
      answering = request => framed(request, pdu)
      const running = await connecting()
      const sample = await running.collector.sample(tag.tag, () => true)
      expect(sample.value).toBeNull()
      expect(sample.status >>> 30).toBeGreaterThan(1)
      await running.stop()
    }),
    { numRuns: 50 },
  )
})

test('an answer to an earlier request is no answer to this one', async () => {
  let last: Buffer | undefined
  const answer = (request: Buffer, value: number) => {
    const pdu = Buffer.from([3, 4, 0, 0, 0, 0])
    pdu.writeFloatBE(value, 2)
    return framed(request, pdu)
  }
  answering = request => answer(request, 1)
  const running = await connecting()
  await running.collector.sample(tag.tag, ({ status: code }) => code === status.good)
  // From now on every answer is the one to the request before.
  answering = request => {
    const late = last && answer(last, 2)
    last = request
    return late
  }
  await expect(running.end).rejects.toMatchObject({ code: 'session-lost', transient: true })
  expect(running.collector.of(tag.tag).some(({ value }) => value === 2)).toBe(false)
  await running.stop()
})
