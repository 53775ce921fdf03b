import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Connector } from '../../../connectors/contract.ts'
import { type Options, opcua, trust } from '../../../connectors/opcua/index.ts'
import { lack, needs } from '../../needs.ts'
import { proxyTo, type TcpProxy } from '../../proxy.ts'
import { Milo } from '../../servers/milo.ts'
import { Collector } from '../collector.ts'
import { Collecting, storedIn } from './collecting.ts'
import { NodeServer } from './node-server.ts'
import { declared, optionsFor } from './plant.ts'

// What a subscription outlives: cuts, black holes, our own death. Milo keeps what it has sent into a dead connection and
// delivers out of order after a cut; node-opcua's server keeps it too.
const nodes = 5
const tags = Array.from({ length: nodes }, (_, i) => declared(`n${i}`, `ns=1;s=n${i}`))
const from = 1_700_000_000_000_000

const servers = [
  ['Eclipse Milo', 'milo', () => Milo.start(), '/test'],
  ['node-opcua', undefined, () => NodeServer.start(), ''],
] as const

describe.each(servers)('a subscription on %s', (_, need, start, path) => {
  let server: Awaited<ReturnType<typeof start>>
  let proxy: TcpProxy
  let stateDir: string
  let resume: string | undefined
  const opened: { connector: Connector; abort: AbortController }[] = []

  beforeEach(context => (need ? needs(context, need) : undefined))
  beforeAll(async () => {
    if (need && lack(need)) return
    stateDir = await mkdtemp(join(tmpdir(), 'millrace-resume-'))
    server = await start()
    for (const { tag } of tags) await server.add(tag.name, 0)
    await trust(stateDir, await server.certificate())
    proxy = await proxyTo(() => ({ host: '127.0.0.1', port: server.port }))
  }, 60_000)
  afterEach(async () => {
    resume = undefined
    proxy?.pass()
    for (const { connector, abort } of opened.splice(0)) {
      abort.abort()
      await connector.close()
    }
  })
  afterAll(async () => {
    if (need && lack(need)) return
    await proxy.close()
    await server.stop()
    await rm(stateDir, { recursive: true, force: true })
  })

  /** One session, which leaves to the next what it told. */
  async function session(collector: Collector, list = tags, given: Partial<Options> = {}) {
    const options = optionsFor(`opc.tcp://127.0.0.1:${proxy.port}${path}`, {
      publishingIntervalMs: 100,
      samplingIntervalMs: 0,
      watchdogMs: 1500,
      ...given,
    })
    const source = {
      name: 'resuming',
      options,
      tags: list,
      stateDir,
      ...(resume !== undefined && { resume }),
    }
    const connector = opcua.open(source, collector.report)
    const abort = new AbortController()
    opened.push({ connector, abort })
    await connector.connect(abort.signal)
    const end = connector.run(async (samples, text) => {
      await collector.emit(samples)
      resume = text ?? resume
    }, abort.signal)
    end.catch(() => {})
    return { connector, abort, end }
  }

  const rounds = (collector: Collector, i: number) =>
    collector.of(tags[i]!.tag).flatMap(({ t, value }) => (t > from && t < from + 1e9 ? [Number(value)] : []))

  /** Every round of every node, once and in order, and no word of a loss. */
  function expectAll(collector: Collector, count: number): void {
    const all = Array.from({ length: count }, (_, i) => i + 1)
    for (let i = 0; i < nodes; i++) {
      const seen = rounds(collector, i)
      const missing = all.filter(round => !seen.includes(round))
      const disordered = seen.filter((round, at) => at > 0 && round <= seen[at - 1]!)
      expect({ node: i, missing, disordered }).toEqual({ node: i, missing: [], disordered: [] })
    }
    expect(collector.lost).toEqual([])
  }

  test('loses nothing by a cut, a black hole and a stop; all in order, none twice', async () => {
    const collector = new Collector()
    let { connector, end, abort } = await session(collector)
    const seen = (round: number) => collector.until(() => rounds(collector, 0).length >= round, 30_000)
    const again = async () => {
      await connector.close()
      ;({ connector, end, abort } = await session(collector))
    }
    const counting = server.count(110, 50, from, nodes)
    await seen(10)
    proxy.cut()
    await expect(end).rejects.toMatchObject({ code: 'session-lost' })
    await again()
    await seen(30)
    proxy.blackHole()
    await expect(end).rejects.toMatchObject({ code: 'session-lost' })
    proxy.pass()
    await again()
    await seen(80)
    abort.abort()
    await end
    await again()
    await counting
    expect(await server.subscriptions()).toBe(1)
    await collector.sample(tags.at(-1)!.tag, ({ value }) => value === 110, 30_000)
    expectAll(collector, 110)
  }, 90_000)

  test('that another session takes over while this one is up ends this one with that word', async () => {
    const [first, second] = [new Collector(), new Collector()]
    const { end, connector } = await session(first)
    await first.until(() => resume !== undefined && first.samples.length >= nodes)
    const displaced = expect(end).rejects.toMatchObject({ code: 'fenced', transient: true })
    await session(second)
    await displaced
    await connector.close()
    await server.count(3, 50, from, nodes)
    await second.until(() => rounds(second, 0).length >= 3)
    expect(second.lost).toEqual([])
  })

  test('that asks for something else is made new, the old one is deleted, and the gap is told', async () => {
    const before = await server.subscriptions()
    const first = new Collector()
    const { connector, abort, end } = await session(first)
    await first.sample(tags[0]!.tag, () => true)
    abort.abort()
    await end
    await connector.close()
    expect(await server.subscriptions()).toBe(before + 1)
    const second = new Collector()
    await session(second, tags.slice(1))
    await second.sample(tags[1]!.tag, () => true)
    expect(await server.subscriptions()).toBe(before + 1)
    expect(second.lost).toEqual([{ tag: undefined, cause: 'outage', count: 'unknown' }])
  }, 60_000)

  test('outlives our SIGKILL: what is stored has every round once and in order, and the ledger no loss', async () => {
    const dir = join(stateDir, 'killed')
    const endpoint = `opc.tcp://127.0.0.1:${server.port}${path}`
    await trust(dir, await server.certificate())
    const args = [endpoint, dir, String(nodes), String(from + 2e9)]
    let child = await Collecting.start(args)
    const counting = server.count(60, 50, from + 2e9, nodes)
    for (const round of [10, 30]) {
      await child.stored(round)
      await child.kill()
      // What was stored just before the kill, it could not tell any more.
      const stored = storedIn(dir, from + 2e9).values.get('n0') ?? []
      child = await Collecting.start(args, stored.at(-1))
    }
    await counting
    await child.stored(60)
    await child.stop()
    const { values, lost } = storedIn(dir, from + 2e9)
    expect(values.size).toBe(nodes)
    for (const [, seen] of values) expect(seen).toEqual(Array.from({ length: 60 }, (_, i) => i + 1))
    expect(lost).toMatchObject({ queueOverflow: 0, outage: 0, revisedInterval: 0 })
  }, 90_000)
})
