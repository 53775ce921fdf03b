import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Connector, Report, Source } from '../../connectors/contract.ts'
import { MillraceError, qualityOf, type Tag, type Value } from '../../model/index.ts'
import { lack, type Need, needs } from '../needs.ts'
import { proxyTo, type TcpProxy } from '../proxy.ts'
import { Collector } from './collector.ts'

/** A tag as a source declares it. */
export type Declared<Address> = { readonly tag: Tag; readonly address: Address }

/**
 * A foreign server for one kind of connector, with what the suite needs of it. `good` are scalar number tags that
 * the server has; the first is written to where the connector can write.
 */
export interface ConnectorHarness<Options, Address> {
  /** What the machine must have for the server; left out: the Python environment. */
  readonly needs?: Need
  /** Starts the server; `port` is known afterwards, and stays the same for restart(). */
  start(): Promise<void>
  readonly port: number
  /** SIGKILL. */
  kill(): Promise<void>
  /** Starts it again on the same port after kill(). */
  restart(): Promise<void>
  stop(): Promise<void>
  readonly good: readonly [Declared<Address>, ...Declared<Address>[]]
  /** A tag whose address the server does not have. */
  readonly bad: Declared<Address>
  /** Sets the value in the server; the connector sees it by its own means. */
  set(tag: Tag, value: number): Promise<void>
  /** Options to reach the server on 127.0.0.1 at this port (the proxy's or its own). */
  options(port: number): Options
  /** `ConnectorKind.open` of the connector under test. */
  open(source: Source<Options, Address>, report: Report): Connector
  /** Makes a folder for the source's state what the connector expects (certificates). */
  prepare?(stateDir: string): Promise<void>
  /** Sessions that the server counts, where it tells. */
  sessions?(): Promise<number>
  /** How long silence may last until run() has to reject, ms. */
  readonly silenceMs: number
}

type Running = { readonly collector: Collector; readonly connector: Connector; readonly end: Promise<void> }

/** What every connector has to do, on a real server: the obligations of connectors/contract.ts one by one. */
export function connectorContract<Options, Address>(
  name: string,
  make: () => ConnectorHarness<Options, Address>,
): void {
  describe(`${name} keeps the connector contract`, () => {
    const harness = make()
    const [first] = harness.good
    let stateDir = ''
    let proxy: TcpProxy
    const opened: Connector[] = []
    const aborts: AbortController[] = []

    const open = (
      collector: Collector,
      tags = harness.good as readonly Declared<Address>[],
      port = proxy.port,
    ) => {
      const source = { name: 'under-test', options: harness.options(port), tags, stateDir }
      const connector = harness.open(source, collector.report)
      opened.push(connector)
      return connector
    }
    const run = async (tags?: readonly Declared<Address>[], emit?: Collector['emit']): Promise<Running> => {
      const collector = new Collector()
      const connector = open(collector, tags)
      const abort = new AbortController()
      aborts.push(abort)
      await connector.connect(abort.signal)
      const end = connector.run(emit ?? collector.emit, abort.signal)
      end.catch(() => {})
      return { collector, connector, end }
    }
    const sees = async ({ collector }: Running, value: number): Promise<void> => {
      await harness.set(first.tag, value)
      await collector.sample(
        first.tag,
        sample => sample.value === value && qualityOf(sample.status) === 'good',
      )
    }

    const need = harness.needs ?? 'python'
    beforeEach(context => needs(context, need))
    beforeAll(async () => {
      if (lack(need)) return
      stateDir = await mkdtemp(join(tmpdir(), 'millrace-contract-'))
      await harness.start()
      await harness.prepare?.(stateDir)
      proxy = await proxyTo(() => ({ host: '127.0.0.1', port: harness.port }))
    }, 60_000)
    afterEach(async () => {
      for (const abort of aborts.splice(0)) abort.abort()
      for (const connector of opened.splice(0)) await connector.close()
      proxy?.pass()
    })
    afterAll(async () => {
      await proxy?.close()
      if (!lack(need)) await harness.stop()
      if (stateDir) await rm(stateDir, { recursive: true, force: true })
    })

    test('emits every declared tag with good quality and a present time', async () => {
      const running = await run()
      for (const [i, { tag }] of harness.good.entries()) {
        await harness.set(tag, i + 10)
        const sample = await running.collector.sample(tag, ({ value }) => value === i + 10)
        expect(qualityOf(sample.status)).toBe('good')
        expect(Number.isSafeInteger(sample.t)).toBe(true)
        expect(Math.abs(sample.t / 1000 - Date.now())).toBeLessThan(60_000)
      }
    }, 60_000)

    test('a tag that the device does not have is reported and bad; the others run on', async () => {
      const running = await run([harness.bad, ...harness.good])
      await sees(running, 21)
      const sample = await running.collector.sample(harness.bad.tag, () => true)
      expect(qualityOf(sample.status)).toBe('bad')
      expect(sample.value).toBeNull()
      const problem = running.collector.problems.get(harness.bad.tag.name)
      expect(problem?.code).toBe('bad-address')
      expect(problem?.hint).toBeTruthy()
    }, 60_000)

    test('nothing listening: unreachable, transient, with a hint', async () => {
      const gone = await proxyTo(() => ({ host: '127.0.0.1', port: 1 }))
      await gone.close()
      const connector = open(new Collector(), harness.good, gone.port)
      const error = await connector.connect(new AbortController().signal).catch(thrown => thrown)
      expect(error).toBeInstanceOf(MillraceError)
      expect(error).toMatchObject({ code: 'unreachable', transient: true })
      expect(error.hint).toBeTruthy()
    }, 60_000)

    test('abort ends a connect that gets no answer', async () => {
      proxy.blackHole()
      const abort = new AbortController()
      const connecting = open(new Collector()).connect(abort.signal)
      setTimeout(() => abort.abort(), 300)
      await expect(connecting).rejects.toBeInstanceOf(Error)
    }, 10_000)

    test('a cut connection ends run() with a transient error, and a new connector goes on', async () => {
      const running = await run()
      await sees(running, 31)
      proxy.cut()
      await expect(running.end).rejects.toMatchObject({ code: 'session-lost', transient: true })
      await running.connector.close()
      await sees(await run(), 32)
    }, 60_000)

    test('a black hole ends run() within the watchdog', async () => {
      const running = await run()
      await sees(running, 41)
      proxy.blackHole()
      const since = performance.now()
      await expect(running.end).rejects.toMatchObject({ code: 'session-lost', transient: true })
      expect(performance.now() - since).toBeLessThan(harness.silenceMs)
      await running.connector.close()
      proxy.pass()
      await sees(await run(), 42)
    }, 60_000)

    test('packets in small pieces are put together', async () => {
      proxy.split(7)
      const running = await run([harness.bad, ...harness.good])
      for (const value of [51, 52, 53]) await sees(running, value)
    }, 60_000)

    test('the server killed and back: session-lost, then a new connector goes on', async () => {
      const running = await run()
      await sees(running, 61)
      await harness.kill()
      await expect(running.end).rejects.toMatchObject({ code: 'session-lost', transient: true })
      await running.connector.close()
      await harness.restart()
      await sees(await run(), 62)
    }, 90_000)

    test('when emit rejects, run rejects with the same error', async () => {
      const full = new MillraceError('buffer-full', 'the disk buffer is full', { transient: true })
      const running = await run(undefined, async () => {
        throw full
      })
      await harness.set(first.tag, 71)
      await expect(running.end).rejects.toBe(full)
    }, 60_000)

    test('a slow emit is waited for, in order', async () => {
      const values: Value[] = []
      let busy = false
      let overlapped = false
      const collector = new Collector()
      const running = await run([first], async samples => {
        overlapped ||= busy
        busy = true
        await new Promise(resolve => setTimeout(resolve, 150))
        values.push(...samples.map(sample => sample.value))
        busy = false
        await collector.emit(samples)
      })
      for (let value = 80; value < 90; value++) {
        await harness.set(first.tag, value)
        await collector.sample(first.tag, sample => sample.value === value)
      }
      const seen = values.filter(value => typeof value === 'number' && value >= 80 && value < 90)
      expect(seen).toEqual([...seen].sort())
      expect(new Set(seen).size).toBe(10)
      expect(overlapped).toBe(false)
      expect(running.collector.problems.size).toBe(0)
    }, 60_000)

    test('abort in the middle resolves run(), and close leaves no session behind', async () => {
      const before = await harness.sessions?.()
      const collector = new Collector()
      const connector = open(collector)
      const abort = new AbortController()
      await connector.connect(abort.signal)
      const end = connector.run(collector.emit, abort.signal)
      await harness.set(first.tag, 85)
      await collector.sample(first.tag, ({ value }) => value === 85)
      abort.abort()
      await end
      await connector.close()
      if (harness.sessions) expect(await harness.sessions()).toBe(before)
    }, 60_000)

    test('close is safe before connect, after a failed one, and twice', async () => {
      const never = open(new Collector())
      await never.close()
      await never.close()
      const failed = open(new Collector(), harness.good, 1)
      await expect(failed.connect(new AbortController().signal)).rejects.toBeInstanceOf(MillraceError)
      await failed.close()
    }, 60_000)

    test('write resolves with the value read back', async context => {
      const running = await run()
      if (!running.connector.write) return context.skip('this connector does not write')
      await sees(running, 91)
      const back = await running.connector.write(first.tag, 92, new AbortController().signal)
      expect(back).toBe(92)
      await running.collector.sample(first.tag, sample => sample.value === 92)
    }, 60_000)
  })
}
