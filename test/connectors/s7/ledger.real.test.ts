/** What the ledger is told: every reading that was due is either emitted or a number. */
import { afterEach, beforeEach, expect, test } from 'vitest'
import { MillraceError, type Sample } from '../../../model/index.ts'
import { needs } from '../../needs.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import { Collector } from '../collector.ts'
import { declare, type Left, optionsFor, start } from './plc.ts'

const closing: (() => Promise<unknown>)[] = []
let server: Snap7Server
beforeEach(async context => {
  needs(context, 'python')
  server = await startSnap7({ 1: 20, 2: 60_000 })
  closing.push(() => server.stop())
})
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

const sum = ({ lost }: Collector, cause: string) =>
  lost.filter(one => one.cause === cause).reduce((total, { count }) => total + Number(count), 0)

test('scans that take too long are missed by number, and expected is received and lost', async () => {
  // Some 270 requests a scan: more than fit into its 10 ms. On a busy machine one of them may take longer than the 3 s after
  // which a PLC counts as gone.
  const tags = [declare('a', 'DB1,INT0'), declare('b', 'DB2,REAL0.15000')]
  const options = optionsFor(server.port, { scanMs: 10, pduSize: 240, timeoutMs: 30_000 })
  const running = await start(tags, options)
  closing.push(running.stop)
  const { collector } = running
  await collector.until(() => sum(collector, 'missedScan') > 20, 60_000)
  await running.stop()
  expect(collector.expected).toBe(collector.samples.length + sum(collector, 'missedScan'))
})

test('readings that were due while nothing was connected are an outage by number', async () => {
  const tags = [declare('a', 'DB1,INT0'), declare('b', 'DB1,INT2')]
  const left: Left = {}
  const collector = new Collector()
  const first = await start(tags, optionsFor(server.port, { scanMs: 20 }), left, collector)
  await collector.until(() => collector.samples.length >= 4)
  await first.stop()
  const before = collector.samples.length
  const { t } = collector.samples.at(-1)!
  await new Promise(resolve => setTimeout(resolve, 300))
  const second = await start(tags, optionsFor(server.port, { scanMs: 20 }), left, collector)
  closing.push(second.stop)
  await collector.until(() => collector.samples.length > before)
  await second.stop()
  const gapMs = (collector.samples[before]!.t - t) / 1000
  expect(sum(collector, 'outage')).toBe(2 * (Math.round(gapMs / 20) - 1))
  expect(sum(collector, 'outage')).toBeGreaterThan(2)
  expect(collector.expected).toBe(
    collector.samples.length + sum(collector, 'outage') + sum(collector, 'missedScan'),
  )
})

test('a step whose samples could not be stored comes again, and only that one', async () => {
  const tags = [
    declare('time', { address: 'DB1,UDINT0', timeFrom: 'time' }),
    declare('value', { address: 'DB1,INT4', timeFrom: 'time' }),
  ] as const
  const step = (number: number) =>
    server.set({ number: 1, offset: 0, hex: `${(1_700_000_000 + number).toString(16)}000${number}` })
  const full = new MillraceError('buffer-full', 'the disk buffer is full', { transient: true })
  const collector = new Collector()
  const failing = Object.assign(new Collector(), {
    emit: async (samples: readonly Sample[]) => {
      if (samples.some(({ value }) => value === 2)) throw full
      await collector.emit(samples)
    },
  })
  const left: Left = {}
  await step(1)
  const first = await start(tags, optionsFor(server.port, { scanMs: 20 }), left, failing)
  await collector.sample(tags[1].tag, ({ value }) => value === 1)
  await step(2)
  await expect(first.end).rejects.toBe(full)
  await first.connector.close()
  const second = await start(tags, optionsFor(server.port, { scanMs: 20 }), left, collector)
  closing.push(second.stop)
  await collector.sample(tags[1].tag, ({ value }) => value === 2)
  await step(3)
  await collector.sample(tags[1].tag, ({ value }) => value === 3)
  expect(collector.of(tags[1].tag).map(({ value }) => value)).toEqual([1, 2, 3])
  expect(collector.of(tags[0].tag)).toHaveLength(3)
})
