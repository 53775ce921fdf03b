/** Symbolic addresses against libsnap7, and what a session tells about the controller's clock. */
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Options } from '../../../connectors/s7/index.ts'
import { status } from '../../../model/index.ts'
import { needs } from '../../needs.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import { Collector } from '../collector.ts'
import { type DeclaredTag, declare, open, optionsFor, start } from './plc.ts'

const press = fileURLToPath(new URL('./symbols/sources/press.db', import.meta.url))
const closing: (() => Promise<unknown>)[] = []
let server: Snap7Server
beforeEach(async context => {
  needs(context, 'python')
  server = await startSnap7({ 10: 112 })
  closing.push(() => server.stop())
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})
const named = (): Partial<Options> => ({ symbols: [press], blockNumbers: { DB_Press: 10 } })

test('tags are read and written by their names; one that the source does not have is bad, the others run on', async () => {
  const tags = [
    declare('speed', '"DB_Press".Spindle.Speed'),
    declare('wrong', '"DB_Press".Spindle.Sped'),
    declare('hours', '"DB_Press".Motors[2].Hours'),
    declare('absolute', 'DB10,UDINT32'),
  ] as const
  await server.put(10, 'real', 4, 12.5)
  await server.put(10, 'udint', 32, 4711)
  const running = await start(tags, optionsFor(server.port, named()))
  closing.push(running.stop)
  const { collector, connector } = running
  expect(await collector.sample(tags[0].tag, () => true)).toMatchObject({ value: 12.5, status: status.good })
  expect(await collector.sample(tags[2].tag, () => true)).toMatchObject({ value: 4711 })
  expect(await collector.sample(tags[3].tag, () => true)).toMatchObject({ value: 4711 })
  expect(collector.of(tags[1].tag)).toMatchObject([{ value: null, status: status.badNodeIdUnknown }])
  expect(collector.problems.get('wrong')?.hint).toContain('Speed')
  expect(await connector.write!(tags[0].tag, 7.5, new AbortController().signal)).toBe(7.5)
  expect(await server.show(10, 'real', 4)).toBe('7.5')
})

test.each<[string, Partial<Options>, string]>([
  ['a file that is not there', { symbols: ['/nonexistent/press.db'] }, '/nonexistent/press.db'],
  ['a block without a number', { symbols: [press] }, 'DB_Press'],
])('%s: permanent, with the file', async (_, options, what) => {
  const connector = open(
    [declare('a', '"DB_Press".Ready')],
    optionsFor(server.port, options),
    new Collector().report,
  )
  await expect(connector.connect(new AbortController().signal)).rejects.toMatchObject({
    code: 'config-invalid',
    transient: false,
    message: expect.stringContaining(what),
  })
})

test('a symbol without a source is refused before connecting', () => {
  expect(() => open([declare('a', '"DB_Press".Ready')], optionsFor(1), new Collector().report)).toThrow(
    'is a symbol',
  )
})

test.each<[string, Partial<Options>]>([
  ['by asking the CPU', {}],
  ['by a field that the program writes', { clockAddress: 'DB10,DTL72' }],
])('the offset of the clock is told, %s', async (_, options) => {
  const tags: DeclaredTag[] = [declare('a', 'DB10,INT46')]
  const tick = async () => {
    const now = new Date()
    const dtl = Buffer.alloc(12)
    dtl.writeUInt16BE(now.getFullYear(), 0)
    dtl.set([now.getMonth() + 1, now.getDate(), 1, now.getHours(), now.getMinutes(), now.getSeconds()], 2)
    dtl.writeUInt32BE(now.getMilliseconds() * 1e6, 8)
    await server.set({ number: 10, offset: 72, hex: dtl.toString('hex') })
  }
  await tick()
  const told = Promise.withResolvers<{ offsetMs: number; uncertaintyMs: number }>()
  const collector = new Collector()
  const connector = open(tags, optionsFor(server.port, options), { ...collector.report, clock: told.resolve })
  const abort = new AbortController()
  await connector.connect(abort.signal)
  const end = connector.run(collector.emit, abort.signal)
  const { offsetMs, uncertaintyMs } = await told.promise
  abort.abort()
  await end
  await connector.close()
  // libsnap7 and the test tell local time, libsnap7 whole seconds of it; the field is as old as the test is slow.
  const localMs = -new Date().getTimezoneOffset() * 60_000
  expect(Math.abs(offsetMs - localMs)).toBeLessThan(5000)
  expect(uncertaintyMs).toBeLessThan(5000)
})
