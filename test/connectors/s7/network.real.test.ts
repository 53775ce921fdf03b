import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { decodeTpdu, encodeConfirm, encodeData } from '../../../connectors/s7/cotp.ts'
import {
  decodePdu,
  encodePdu,
  encodeSetup,
  functionCode,
  type Pdu,
  rosctr,
} from '../../../connectors/s7/protocol.ts'
import { encodeTpkt, TpktReader } from '../../../connectors/s7/tpkt.ts'
import { clockRequest } from '../../../connectors/s7/userdata.ts'
import { MillraceError } from '../../../model/index.ts'
import { needs } from '../../needs.ts'
import { proxyTo } from '../../proxy.ts'
import { startSnap7 } from '../../servers/snap7.ts'
import { Collector } from '../collector.ts'
import { declare, open, optionsFor, start } from './plc.ts'

const tags = [declare('a', 'DB1,INT0')]
const closing: (() => Promise<void>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** Listens on a free port and does with each connection what it is told. */
async function listen(serve: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    serve(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  closing.push(async () => {
    for (const socket of sockets) socket.destroy()
    server.close()
    await once(server, 'close')
  })
  return (server.address() as { port: number }).port
}

/** A CPU that agrees to connect and set up, and answers every other job with what `answer` makes of it. */
function cpu(answer: (job: Pdu) => Buffer | undefined, jobs = 8): (socket: Socket) => void {
  return socket => {
    const packets = new TpktReader()
    socket.on('data', chunk => {
      for (const payload of packets.push(chunk)) {
        const tpdu = decodeTpdu(payload)
        if (tpdu.kind === 'request') socket.write(encodeTpkt(encodeConfirm(tpdu.sourceRef, 0x0100, 0x0101)))
        if (tpdu.kind !== 'data') continue
        const job = decodePdu(tpdu.payload)
        const isSetup = job.parameters[0] === functionCode.setup
        const reply = isSetup ? ackData(job, encodeSetup({ jobs, pduLength: 480 })) : answer(job)
        for (const part of reply ? encodeData(reply) : []) socket.write(encodeTpkt(part))
      }
    })
  }
}

function ackData({ reference }: Pdu, parameters: Buffer, data = Buffer.alloc(0), error = 0): Buffer {
  return encodePdu({ rosctr: 3, reference, parameters, data, error })
}

const connecting = (port: number, timeoutMs = 1000) => {
  const connector = open(tags, optionsFor(port, { timeoutMs }), new Collector().report)
  closing.push(() => connector.close())
  return connector.connect(new AbortController().signal)
}

describe('what goes wrong on the way', () => {
  test('a refused COTP connection: refused, with rack and slot in the hint', async () => {
    const port = await listen(socket =>
      socket.on('data', () =>
        socket.write(encodeTpkt(Buffer.from('0680000100010300', 'hex').subarray(0, 7))),
      ),
    )
    await expect(connecting(port)).rejects.toMatchObject({
      code: 'refused',
      transient: true,
      hint: expect.stringContaining('slot 1 for S7-1200/1500'),
    })
  })

  test('a CPU that hangs up on COTP: refused, not merely lost', async () => {
    const port = await listen(socket => socket.on('data', () => socket.destroy()))
    await expect(connecting(port)).rejects.toMatchObject({
      code: 'refused',
      hint: expect.stringContaining('slot'),
    })
  })

  test('PUT/GET not permitted: refused at connect, permanent, with what to switch on', async () => {
    const port = await listen(cpu(job => ackData(job, Buffer.alloc(0), undefined, 0x8104)))
    await expect(connecting(port)).rejects.toMatchObject({
      code: 'refused',
      transient: false,
      hint: expect.stringContaining('PUT/GET'),
    })
  })

  test('something that takes connections and says nothing: unreachable after timeoutMs', async () => {
    const port = await listen(() => {})
    const since = performance.now()
    await expect(connecting(port, 400)).rejects.toMatchObject({ code: 'unreachable', transient: true })
    expect(performance.now() - since).toBeLessThan(3000)
  })

  test('a host that does not exist: unreachable', async () => {
    const connector = open(
      tags,
      optionsFor(102, { endpoint: 's7://no-such-plc.invalid' }),
      new Collector().report,
    )
    await expect(connector.connect(new AbortController().signal)).rejects.toMatchObject({
      code: 'unreachable',
    })
  })

  test('another protocol: protocol, with a hint', async () => {
    const port = await listen(socket => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'))
    await expect(connecting(port)).rejects.toMatchObject({
      code: 'protocol',
      hint: expect.stringContaining('RFC 1006'),
    })
  })

  test.each<[string, (job: Pdu) => Buffer]>([
    ['another reference', job => ackData({ ...job, reference: job.reference + 1 }, Buffer.from([4, 1]))],
    [
      'another number of items',
      job => ackData(job, Buffer.from([4, 3]), Buffer.from('0a0000000a0000000a000000', 'hex')),
    ],
    ['another function', job => ackData(job, Buffer.from([5, 1]), Buffer.from([0xff]))],
    ['fewer items than announced', job => ackData(job, Buffer.from([4, 1]))],
  ])('an answer with %s ends the session: protocol', async (_, answer) => {
    const port = await listen(cpu(answer))
    await expect(connecting(port)).rejects.toMatchObject({ code: 'protocol', transient: true })
  })

  test('never more jobs under way than the CPU grants', async () => {
    let open = 0
    let most = 0
    const port = await listen(socket => {
      const one = cpu(job => {
        most = Math.max(most, ++open)
        setTimeout(() => {
          open--
          const item = Buffer.from('ff0400100007', 'hex')
          const count = job.parameters[1]!
          const reply = ackData(job, Buffer.from([4, count]), Buffer.concat(Array(count).fill(item)))
          for (const part of encodeData(reply)) socket.write(encodeTpkt(part))
        }, 5)
        return undefined
      }, 2)
      one(socket)
    })
    const many = Array.from({ length: 200 }, (_, i) => declare(`t${i}`, `DB${i + 1},INT0`))
    const running = await start(many, optionsFor(port))
    closing.push(running.stop)
    await running.collector.until(() => running.collector.samples.length >= 600)
    expect(most).toBe(2)
    expect(running.collector.samples.every(({ value }) => value === 7)).toBe(true)
  })

  test('what a CPU says unasked is not taken for an answer', async () => {
    const port = await listen(socket =>
      cpu(job => {
        const { reference } = job
        const pushed = encodePdu({
          rosctr: 7,
          reference,
          parameters: Buffer.alloc(8),
          data: Buffer.alloc(4),
          error: 0,
        })
        for (const part of encodeData(pushed)) socket.write(encodeTpkt(part))
        return ackData(job, Buffer.from([4, 1]), Buffer.from('ff0400100007', 'hex'))
      })(socket),
    )
    const running = await start(tags.slice(0, 1), optionsFor(port))
    closing.push(running.stop)
    await running.collector.sample(tags[0]!.tag, ({ value }) => value === 7)
  })

  test('a CPU that does not answer the question for its clock is read on', async () => {
    const item = Buffer.from('ff0400100007', 'hex')
    const silent = cpu(
      job => (job.rosctr === rosctr.userData ? undefined : ackData(job, Buffer.from([4, 1]), item)),
      1,
    )
    let asked = false
    const port = await listen(socket => {
      socket.on('data', chunk => {
        asked ||= chunk.includes(clockRequest.parameters)
      })
      silent(socket)
    })
    const collector = new Collector()
    const report = { ...collector.report, clock: () => {} }
    const connector = open(tags, optionsFor(port, { timeoutMs: 200, scanMs: 10 }), report)
    closing.push(() => connector.close())
    const abort = new AbortController()
    await connector.connect(abort.signal)
    const end = connector.run(collector.emit, abort.signal)
    // The question takes the one place for a request for 200 ms, and scanning goes on after it.
    await collector.until(() => asked && collector.lost.length > 0 && collector.samples.length > 50)
    abort.abort()
    await end
  })

  test('random bytes at any stage: a coded error or a timeout, never a hang', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(2), fc.uint8Array({ minLength: 1, maxLength: 400 }), async (stage, bytes) => {
        const garbage = Buffer.from(bytes)
        const serve =
          stage === 0
            ? (socket: Socket) => void socket.write(garbage)
            : stage === 1
              ? (socket: Socket) => void socket.on('data', () => socket.write(encodeTpkt(garbage)))
              : cpu(job => Buffer.concat([ackData(job, Buffer.from([4, 1])).subarray(0, 12), garbage]))
        const port = await listen(serve)
        const error = await connecting(port, 100).catch(thrown => thrown)
        expect(error).toBeInstanceOf(MillraceError)
      }),
      { numRuns: 60 },
    )
  })
})

describe('leaving', () => {
  beforeEach(context => needs(context, 'python'))

  test('abort in the middle of a scan that gets no answer ends run() at once', async () => {
    const server = await startSnap7({ 1: 10 })
    closing.push(() => server.stop())
    const proxy = await proxyTo(() => ({ host: '127.0.0.1', port: server.port }))
    closing.push(() => proxy.close())
    const running = await start(tags, optionsFor(proxy.port, { timeoutMs: 10_000 }))
    await running.collector.sample(tags[0]!.tag, () => true)
    proxy.blackHole()
    const samples = running.collector.samples.length
    await new Promise(resolve => setTimeout(resolve, 150)) // a scan is under way, and stays so
    const since = performance.now()
    await running.stop()
    expect(await running.end).toBeUndefined()
    expect(performance.now() - since).toBeLessThan(2000)
    expect(running.collector.samples.length).toBeLessThanOrEqual(samples + 1)
  })

  test('an aborted write rejects, and the session goes on', async () => {
    const server = await startSnap7({ 1: 10 })
    closing.push(() => server.stop())
    const running = await start(tags, optionsFor(server.port))
    closing.push(running.stop)
    const gone = AbortSignal.abort(new Error('given up'))
    await expect(running.connector.write!(tags[0]!.tag, 3, gone)).rejects.toThrow('given up')
    expect(await running.connector.write!(tags[0]!.tag, 4, new AbortController().signal)).toBe(4)
  })
})
