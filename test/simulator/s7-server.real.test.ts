import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { lack, needs } from '../needs.ts'
import { type Snap7Client, startSnap7Client } from '../servers/snap7.ts'
import { type S7Server, startS7Server } from './s7-server.ts'

describe('the S7 server, as the client of libsnap7 sees it', () => {
  const dataBlocks = new Map([
    [1, Buffer.from(Array.from({ length: 2000 }, (_, i) => i % 251))],
    [7, Buffer.alloc(10)],
  ])
  const writes: string[] = []
  let server: S7Server
  let client: Snap7Client

  beforeEach(context => needs(context, 'python'))
  beforeAll(async () => {
    if (lack('python')) return
    const onWrite = (...what: number[]) => void writes.push(what.join())
    server = await startS7Server({ host: '127.0.0.1', dataBlocks, onWrite })
    client = startSnap7Client()
  }, 30_000)
  afterAll(async () => {
    await client?.end()
    await server?.close()
    expect(server?.connections ?? 0).toBe(0)
  })

  test('agrees to the PDU asked for, and serves several clients', async () => {
    expect(await client.command({ op: 'connect', port: server.port, pdu: 960 })).toEqual({ pdu: 960 })
    const other = startSnap7Client()
    expect(await other.command({ op: 'connect', port: server.port, pdu: 240 })).toEqual({ pdu: 240 })
    expect(server.connections).toBe(2)
    await other.end()
  }, 30_000)

  test('reads a block over several PDUs', async () => {
    const { hex } = await client.command<{ hex: string }>({ op: 'read', number: 1, offset: 0, size: 2000 })
    expect(hex).toBe(dataBlocks.get(1)!.toString('hex'))
  })

  test('tells each item apart: good, unknown block, beyond the end', async () => {
    const items = [
      { number: 1, offset: 3, size: 5 },
      { number: 9, offset: 0, size: 1 },
      { number: 7, offset: 8, size: 3 },
      { number: 7, offset: 0, size: 1 },
    ]
    const answer = await client.command<{ items: { hex?: string; error?: string }[] }>({
      op: 'readMulti',
      items,
    })
    expect(answer.items[0]).toEqual({ hex: '0304050607' })
    expect(answer.items[1]?.error).toContain('Item not available')
    expect(answer.items[2]?.error).toContain('Address out of range')
    expect(answer.items[3]).toEqual({ hex: '00' })
  })

  test('writes bytes and single bits', async () => {
    await client.command({ op: 'write', number: 7, offset: 2, hex: 'aabbcc' })
    await client.command({ op: 'writeBit', number: 7, offset: 0, bit: 3, value: true })
    expect(dataBlocks.get(7)!.toString('hex')).toBe('0800aabbcc0000000000')
    await client.command({ op: 'writeBit', number: 7, offset: 0, bit: 3, value: false })
    expect(dataBlocks.get(7)![0]).toBe(0)
    expect(writes).toEqual(['7,2,3', '7,0,1', '7,0,1'])
    await expect(client.command({ op: 'write', number: 7, offset: 9, hex: '0000' })).rejects.toThrow()
    await expect(client.command({ op: 'write', number: 8, offset: 0, hex: '00' })).rejects.toThrow()
  })
})
