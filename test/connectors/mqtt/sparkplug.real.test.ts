import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { qualityOf, status } from '../../../model/index.ts'
import { lack, needs } from '../../needs.ts'
import { type Mosquitto, startMosquitto } from '../../servers/mosquitto.ts'
import { type EdgeNodeProcess, startEdgeNode } from '../../servers/sparkplug.ts'
import { declare, optionsFor, type Running, start } from './plant.ts'

const group = 'Plant 1'
const node = 'Gateway'

const nodeMetric = declare('uptime', { metric: { group, node, name: 'Uptime' } })
const speed = declare('speed', {
  metric: { group, node, device: 'Press', name: 'Motor/Speed', writable: true },
})
const missing = declare('missing', { metric: { group, node, device: 'Press', name: 'Nowhere' } })

const everyType = [
  { name: 'i8', type: 'INT8', value: -5 },
  { name: 'i16', type: 'INT16', value: -3000 },
  { name: 'i32', type: 'INT32', value: -70_000 },
  { name: 'i64', type: 'INT64', value: '-9007199254740993' },
  { name: 'u8', type: 'UINT8', value: 250 },
  { name: 'u32', type: 'UINT32', value: 4_000_000_000 },
  { name: 'u64', type: 'UINT64', value: '18446744073709551615' },
  { name: 'float', type: 'FLOAT', value: 0.5 },
  { name: 'double', type: 'DOUBLE', value: 0.1 },
  { name: 'boolean', type: 'BOOLEAN', value: true },
  { name: 'string', type: 'STRING', value: 'läuft' },
  { name: 'i16s', type: 'INT16_ARRAY', value: [-1, 2, -3] },
  { name: 'u64s', type: 'UINT64_ARRAY', value: ['18446744073709551615', 1] },
  { name: 'doubles', type: 'DOUBLE_ARRAY', value: [0.25, -1] },
  {
    name: 'booleans',
    type: 'BOOLEAN_ARRAY',
    value: [true, false, true, true, false, false, true, false, true],
  },
  { name: 'strings', type: 'STRING_ARRAY', value: ['a', 'bc'] },
  { name: 'none', type: 'INT32', value: null },
]

describe('Sparkplug B from pysparkplug through mosquitto', () => {
  let broker: Mosquitto
  let edge: EdgeNodeProcess
  const running: Running[] = []

  const birth = (more: object = {}) =>
    edge.command({
      op: 'connect',
      port: broker.port,
      group,
      node,
      metrics: [{ name: 'Uptime', type: 'INT64', value: '1', alias: 1 }],
      devices: { Press: [{ name: 'Motor/Speed', type: 'FLOAT', value: 10.5, alias: 7 }] },
      ...more,
    })
  const listen = async (options: object = {}, tags = [nodeMetric, speed]) => {
    const given = {
      clientId: `host-${running.length}-${process.hrtime.bigint()}`,
      sessionExpirySeconds: 0,
      ...options,
    }
    const started = await start({ tags, options: optionsFor(broker.port, given) })
    running.push(started)
    return started
  }

  beforeEach(context => {
    needs(context, 'mosquitto', 'python')
    edge = startEdgeNode()
  })
  beforeAll(async () => {
    if (lack('mosquitto')) return
    broker = await startMosquitto()
  })
  afterEach(async () => {
    for (const each of running.splice(0)) await each.stop()
    await edge?.end()
  })
  afterAll(() => broker?.stop())

  test('births, data by alias without datatypes, and what was due', async () => {
    const { collector } = await listen()
    expect(collector.problems.get('speed')?.code).toBe('unreachable')
    await birth()
    await collector.sample(speed.tag, ({ value }) => value === 10.5)
    expect(await collector.sample(nodeMetric.tag, ({ value }) => value === 1n)).toMatchObject({
      status: status.good,
    })
    const at = Date.now() - 60_000
    await edge.command({
      op: 'data',
      device: 'Press',
      metrics: [{ alias: 7, type: 'FLOAT', value: 12.25, timestamp: at }],
    })
    const sample = await collector.sample(speed.tag, ({ value }) => value === 12.25)
    expect(sample).toMatchObject({ t: at * 1000, status: status.good })
    expect(collector.problems.size).toBe(0)
    expect(collector.expected).toBe(collector.samples.length)
  })

  test('who comes late asks for the births, and not too often', async () => {
    await birth()
    const { collector } = await listen()
    await collector.sample(speed.tag, ({ value }) => value === 10.5)
    const { commands } = await edge.command({ op: 'received' })
    expect(commands).toEqual(['Node Control/Rebirth'])
  })

  test('a gap in the numbers is counted, what is named by alias is not sure, and a birth is asked for', async () => {
    const { collector } = await listen({ sparkplug: { rebirthIntervalMs: 1000 } })
    await birth({ answers: false })
    await collector.sample(speed.tag, ({ value }) => value === 10.5)
    await edge.command({ op: 'skip', count: 3 })
    await edge.command({ op: 'data', device: 'Press', metrics: [{ alias: 7, type: 'FLOAT', value: 13 }] })
    const unsure = await collector.sample(speed.tag, ({ value }) => value === 13)
    expect(qualityOf(unsure.status)).toBe('uncertain')
    expect(collector.lost).toEqual([{ tag: undefined, cause: 'queueOverflow', count: 3 }])
    expect(collector.expected).toBe(collector.samples.length + 3)
    await edge.command({ op: 'rebirth' })
    await edge.command({ op: 'data', device: 'Press', metrics: [{ alias: 7, type: 'FLOAT', value: 14 }] })
    expect(await collector.sample(speed.tag, ({ value }) => value === 14)).toMatchObject({
      status: status.good,
    })
    expect(collector.lost.length).toBe(1)
  })

  test('the death of a node makes its tags bad, the death of a device its own', async () => {
    const { collector } = await listen()
    await birth()
    await collector.sample(speed.tag, ({ value }) => value === 10.5)
    await edge.command({ op: 'deregister', device: 'Press' })
    await collector.sample(speed.tag, sample => sample.status === status.badNoCommunication)
    expect(collector.problems.get('speed')).toMatchObject({ code: 'unreachable' })
    expect(collector.problems.has('uptime')).toBe(false)
    await edge.kill()
    const dead = await collector.sample(nodeMetric.tag, sample => sample.status === status.badNoCommunication)
    expect(dead.value).toBeNull()
  })

  test('a declared metric that the birth does not tell of is bad; the others run on', async () => {
    const { collector } = await listen({}, [missing, speed])
    await birth()
    await collector.sample(speed.tag, ({ value }) => value === 10.5)
    const bad = await collector.sample(missing.tag, () => true)
    expect(bad).toMatchObject({ value: null, status: status.badNodeIdUnknown })
    expect(collector.problems.get('missing')?.code).toBe('bad-address')
  })

  test('every type, exact, as tags made from the births of a group', async () => {
    const options = {
      sparkplug: { group, deviceAsset: 'demo/hall/{node}/{device}', nodeAsset: 'demo/hall/gateways/{node}' },
    }
    const { collector } = await listen(options, [nodeMetric])
    await birth({ devices: { 'Press 2': everyType } })
    const of = (name: string) =>
      collector.until(() =>
        collector.samples.find(({ tag }) => tag.asset === 'demo/hall/gateway/press-2' && tag.name === name),
      )
    for (const { name, type, value } of everyType) {
      const expected = type.includes('INT64')
        ? Array.isArray(value)
          ? value.map(BigInt)
          : BigInt(value as string)
        : value
      expect((await of(name)).value, name).toEqual(expected)
    }
    expect(qualityOf((await of('none')).status)).toBe('bad')
    expect(collector.lost).toEqual([])
  })

  test('a metric is written with a command and read back', async () => {
    const { collector, connector } = await listen()
    await birth()
    await collector.sample(speed.tag, ({ value }) => value === 10.5)
    expect(await connector.write!(speed.tag, 20.5, new AbortController().signal)).toBe(20.5)
    const denied = connector.write!(nodeMetric.tag, 5, new AbortController().signal)
    await expect(denied).rejects.toMatchObject({ code: 'unsupported' })
  })
})
