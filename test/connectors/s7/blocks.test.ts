import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { BlockReader, bytesOf } from '../../../connectors/s7/blocks.ts'
import type { Client } from '../../../connectors/s7/client.ts'
import type { Range } from '../../../connectors/s7/plan.ts'
import type { Item } from '../../../connectors/s7/protocol.ts'

/** A device in memory: data blocks of these sizes, each byte its offset; `refuses` overrides what it can read. */
function device(sizes: ReadonlyMap<number, number>, refuses: (item: Item) => number = () => 0) {
  let requests = 0
  const read: Client['read'] = async items => {
    requests++
    return { error: 0, at: 1, items: items.map(answer) }
  }
  const answer = (item: Item) => {
    const from = item.address / 8
    const size = sizes.get(item.db)
    const code = size === undefined ? 0x0a : from + item.count > size ? 0x05 : refuses(item)
    const bytes =
      code === 0
        ? Buffer.from(Array.from({ length: item.count }, (_, i) => (from + i) % 251))
        : Buffer.alloc(0)
    return { code: code || 0xff, transport: 4, bytes }
  }
  const client = { read, pduLength: 960 } as Client
  return { client, requests: () => requests }
}

const limits = { pduLength: 240, gapBytes: 16 }
const codes = async (reader: BlockReader, client: Client) =>
  (await reader.read(client)).map(({ code }) => code)

describe('the reader of blocks', () => {
  test('gives every range that the device has its bytes, whatever its neighbours are, at every read', async () => {
    const range = fc.record({
      area: fc.constant('DB' as const),
      db: fc.integer({ min: 1, max: 3 }),
      start: fc.nat(700),
      length: fc.oneof(fc.integer({ min: 1, max: 8 }), fc.integer({ min: 1, max: 600 })),
    })
    const sizes = fc.dictionary(fc.constantFrom('1', '2', '3'), fc.nat(800))
    await fc.assert(
      fc.asyncProperty(fc.array(range, { maxLength: 60 }), sizes, async (ranges, sizes) => {
        const blocks = new Map(Object.entries(sizes).map(([db, size]) => [Number(db), size]))
        const { client } = device(blocks)
        const reader = new BlockReader(ranges, limits, 's7://plc')
        for (let read = 0; read < 3; read++) {
          const outcomes = await reader.read(client)
          ranges.forEach(({ db, start, length }, i) => {
            const has = start + length <= (blocks.get(db) ?? -1)
            expect(outcomes[i]!.code === 0xff).toBe(has)
            const bytes = Array.from({ length: has ? length : 0 }, (_, j) => (start + j) % 251)
            expect([...bytesOf(outcomes[i]!)]).toEqual(bytes)
          })
        }
      }),
      { numRuns: 300 },
    )
  })

  const row = (count: number, db = 1): Range[] =>
    Array.from({ length: count }, (_, i) => ({ area: 'DB', db, start: 4 * i, length: 4 }))

  test('one range beyond the end costs its neighbours a few requests once, then hardly any', async () => {
    const { client, requests } = device(new Map([[1, 3998]]))
    const reader = new BlockReader(row(1000), { ...limits, pduLength: 960 }, 's7://plc')
    const first = await codes(reader, client)
    expect(first.filter(code => code !== 0xff)).toEqual([0x05])
    expect(first.at(-1)).toBe(0x05)
    const searching = requests()
    expect(searching).toBeLessThan(30)
    await reader.read(client)
    expect(requests() - searching).toBeLessThanOrEqual(6)
  })

  test('a block that does not exist is asked for as a whole, until it exists', async () => {
    const sizes = new Map<number, number>()
    const { client, requests } = device(sizes)
    const reader = new BlockReader(row(100), limits, 's7://plc')
    await reader.read(client)
    const before = requests()
    expect(new Set(await codes(reader, client))).toEqual(new Set([0x0a]))
    expect(requests() - before).toBeLessThanOrEqual(2)
    sizes.set(1, 200)
    const appeared = await codes(reader, client)
    expect(appeared.map(code => code === 0xff)).toEqual(row(100).map(({ start }) => start + 4 <= 200))
  })

  test('a hole between readable ranges is not bridged again', async () => {
    // A device that refuses whatever reaches over byte 40.
    const { client, requests } = device(new Map([[1, 400]]), ({ address, count }) =>
      address / 8 < 40 && address / 8 + count > 41 ? 0x03 : 0,
    )
    const ranges: Range[] = [...row(10), { area: 'DB', db: 1, start: 44, length: 4 }]
    const reader = new BlockReader(ranges, limits, 's7://plc')
    expect(new Set(await codes(reader, client))).toEqual(new Set([0xff]))
    const before = requests()
    expect(new Set(await codes(reader, client))).toEqual(new Set([0xff]))
    expect(requests() - before).toBe(1)
  })

  test('a device that refuses whole requests is asked item by item; one that permits nothing ends the session', async () => {
    const picky = device(new Map([[1, 100]]))
    const read: Client['read'] = async items =>
      items.some(({ db }) => db === 9) ? { error: 0x8500, items: [], at: 1 } : await picky.client.read(items)
    const reader = new BlockReader([...row(2), ...row(2, 9)], limits, 's7://plc')
    expect(await codes(reader, { ...picky.client, read })).toEqual([0xff, 0xff, 0x8500, 0x8500])
    const denying: Client['read'] = async () => ({ error: 0x8104, items: [], at: 1 })
    await expect(reader.read({ ...picky.client, read: denying })).rejects.toMatchObject({
      code: 'refused',
      hint: expect.stringContaining('PUT/GET'),
    })
  })
})
