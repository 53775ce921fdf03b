import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { qualityOf, type Sample, status } from '../../../model/index.ts'
import { needs } from '../../needs.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import type { Running } from '../running.ts'
import { type DeclaredTag, declare, optionsFor, start } from './plc.ts'

describe('quality, tag by tag', () => {
  const closing: (() => Promise<void>)[] = []
  beforeEach(context => needs(context, 'python'))
  afterEach(async () => {
    for (const close of closing.splice(0).reverse()) await close()
  })
  const serve = async (blocks: Record<number, number>): Promise<Snap7Server> => {
    const server = await startSnap7(blocks)
    closing.push(() => server.stop())
    return server
  }
  const read = async (server: Snap7Server, tags: readonly DeclaredTag[], pduSize = 960): Promise<Running> => {
    const running = await start(tags, optionsFor(server.port, { pduSize }))
    closing.push(() => running.stop())
    return running
  }
  /** The first sample of every tag. */
  const firsts = async ({ collector }: Running, tags: readonly DeclaredTag[]): Promise<Sample[]> =>
    await collector.until(
      () => collector.samples.length >= tags.length && collector.samples.slice(0, tags.length),
      30_000,
    )

  test('a wrong block and an address beyond the end are bad with code and reason; their neighbours are good', async () => {
    const server = await serve({ 1: 40 })
    const tags = [
      declare('first', 'DB1,INT0'),
      declare('wrong-block', 'DB77,REAL0'),
      declare('second', 'DB1,INT2'),
      declare('beyond', 'DB1,REAL38'),
      declare('last', 'DB1,INT36'),
    ]
    await server.set({ number: 1, offset: 0, hex: '00010002' }, { number: 1, offset: 36, hex: '0003' })
    const running = await read(server, tags)
    const samples = await firsts(running, tags)
    expect(samples.map(({ tag, value, status, code }) => [tag.name, value, status, code])).toEqual([
      ['first', 1, status.good, undefined],
      ['wrong-block', null, status.badNodeIdUnknown, 0x0a],
      ['second', 2, status.good, undefined],
      ['beyond', null, status.badNodeIdUnknown, 0x05],
      ['last', 3, status.good, undefined],
    ])
    expect([...running.collector.problems.keys()].sort()).toEqual(['beyond', 'wrong-block'])
    expect(running.collector.problems.get('wrong-block')).toMatchObject({
      code: 'bad-address',
      message: expect.stringContaining('0x0a'),
      hint: expect.stringContaining('Optimized block access'),
    })
  })

  test('a block that is loaded later turns good, and bad again when it is deleted: never old bytes', async () => {
    const server = await serve({ 1: 4 })
    const tags = [declare('here', 'DB1,INT0'), declare('a', 'DB2,INT0'), declare('b', 'DB2,INT2')]
    const { collector } = await read(server, tags)
    const [, a] = tags as [DeclaredTag, DeclaredTag]
    await collector.sample(a.tag, sample => qualityOf(sample.status) === 'bad')
    await server.register(2, 4)
    await server.set({ number: 2, offset: 0, hex: '00070008' })
    await collector.sample(a.tag, sample => sample.value === 7)
    expect(collector.problems.size).toBe(0)
    await server.unregister(2)
    const before = collector.of(a.tag).length
    await collector.until(() =>
      collector
        .of(a.tag)
        .slice(before)
        .some(({ status }) => qualityOf(status) === 'bad'),
    )
    const after = collector.of(a.tag).slice(before)
    const firstBad = after.findIndex(({ status }) => qualityOf(status) === 'bad')
    expect(after.slice(firstBad).every(({ value }) => value === null)).toBe(true)
    expect([...collector.problems.keys()].sort()).toEqual(['a', 'b'])
  })

  test.each([240, 480, 960])('200 scattered tags over 10 blocks, PDU %i', async pduSize => {
    const server = await serve(Object.fromEntries(Array.from({ length: 10 }, (_, i) => [i + 1, 2000])))
    const tags = Array.from({ length: 200 }, (_, i) =>
      declare(`t${i}`, `DB${1 + (i % 10)},DINT${100 * Math.floor(i / 10)}`),
    )
    await server.set(
      ...tags.map((_, i) => {
        const hex = (1_000_000 + i).toString(16).padStart(8, '0')
        return { number: 1 + (i % 10), offset: 100 * Math.floor(i / 10), hex }
      }),
    )
    const samples = await firsts(await read(server, tags, pduSize), tags)
    expect(samples.map(({ value }) => value)).toEqual(tags.map((_, i) => 1_000_000 + i))
    expect(samples.every(({ status: code }) => code === status.good)).toBe(true)
  })

  test('1,000 contiguous tags, one of them beyond the end', async () => {
    const server = await serve({ 5: 3998 })
    const tags = Array.from({ length: 1000 }, (_, i) => declare(`t${i}`, `DB5,REAL${4 * i}`))
    const bytes = Buffer.alloc(3996)
    for (let i = 0; i < 999; i++) bytes.writeFloatBE(i + 0.5, 4 * i)
    await server.set({ number: 5, offset: 0, hex: bytes.toString('hex') })
    const { collector } = await read(server, tags)
    // The same in the scan that finds out and in those after it.
    await collector.until(() => collector.samples.length >= 3000, 30_000)
    for (const scan of [0, 1, 2]) {
      const samples = collector.samples.slice(1000 * scan, 1000 * (scan + 1))
      expect(samples.map(({ value }) => value)).toEqual(tags.map((_, i) => (i < 999 ? i + 0.5 : null)))
      expect(samples.filter(({ status: code }) => code !== status.good)).toHaveLength(1)
    }
    expect([...collector.problems.keys()]).toEqual(['t999'])
  })

  test('an array bigger than any item is read in pieces', async () => {
    const server = await serve({ 1: 8000 })
    const tags = [declare('big', 'DB1,INT0.4000')]
    const bytes = Buffer.alloc(8000)
    for (let i = 0; i < 4000; i++) bytes.writeInt16BE(i - 2000, 2 * i)
    await server.set({ number: 1, offset: 0, hex: bytes.toString('hex') })
    const [sample] = await firsts(await read(server, tags, 240), tags)
    expect(sample?.value).toEqual(Array.from({ length: 4000 }, (_, i) => i - 2000))
  })
})
