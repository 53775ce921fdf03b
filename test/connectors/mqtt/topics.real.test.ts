import type { MqttClient } from 'mqtt'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Found } from '../../../connectors/contract.ts'
import { browse } from '../../../connectors/mqtt/browse.ts'
import { qualityOf } from '../../../model/index.ts'
import { lack, needs } from '../../needs.ts'
import { type Mosquitto, startMosquitto } from '../../servers/mosquitto.ts'
import { declare, machine, optionsFor, start } from './plant.ts'

const declared = declare('declared', { topic: 'plant/declared' })

describe('topics of a broker', () => {
  let broker: Mosquitto
  let client: MqttClient

  beforeEach(context => needs(context, 'mosquitto'))
  beforeAll(async () => {
    if (lack('mosquitto')) return
    broker = await startMosquitto()
    client = await machine(broker.port)
  })
  afterAll(async () => {
    await client?.endAsync(true)
    await broker?.stop()
  })

  test('assets and waveforms by pattern; what does not fit is counted and told', async () => {
    const options = optionsFor(broker.port, {
      clientId: 'patterns',
      names: 'exact',
      subscriptions: [
        { topic: 'hall/+line/+machine/#', asset: 'demo/hall/{line}/{machine}' },
        {
          topic: 'vib/+machine/+axis',
          asset: 'demo/hall/line-1/{machine}',
          tag: 'vibration-{axis}',
          payload: 'float32le',
          sampleRateHz: 1000,
        },
      ],
    })
    const { collector, stop } = await start({ tags: [declared], options })
    await client.publishAsync('hall/Line_1/press/x', '1', { qos: 1 })
    await client.publishAsync('hall/line-2/press/speed', '7.5', { qos: 1 })
    await client.publishAsync('vib/press/x', Buffer.from(Float32Array.of(0.5, -1).buffer), { qos: 1 })
    const [speed, block] = await collector.until(() => collector.samples.length >= 2 && collector.samples)
    expect(speed).toMatchObject({ tag: { asset: 'demo/hall/line-2/press', name: 'speed' }, value: 7.5 })
    expect(block).toMatchObject({
      tag: { asset: 'demo/hall/line-1/press', name: 'vibration-x', class: 'waveform', sampleRateHz: 1000 },
      value: Float32Array.of(0.5, -1),
    })
    expect(collector.lost).toEqual([{ tag: 'hall/+line/+machine/#', cause: 'unusable', count: 1 }])
    expect(collector.problems.get('hall/+line/+machine/#')?.message).toMatch(/Line_1/)
    await stop()
  })

  test('a retained value is not good as of now', async () => {
    await client.publishAsync('plant/declared', '5', { qos: 1, retain: true })
    const { collector, stop } = await start({
      tags: [declared],
      options: optionsFor(broker.port, { clientId: 'late' }),
    })
    const kept = await collector.sample(declared.tag, () => true)
    expect([kept.value, qualityOf(kept.status)]).toEqual([5, 'uncertain'])
    await client.publishAsync('plant/declared', '6', { qos: 1, retain: true })
    const live = await collector.sample(declared.tag, ({ value }) => value === 6)
    expect(qualityOf(live.status)).toBe('good')
    await stop()
  })

  test('a group shares the messages', async () => {
    const member = (clientId: string) =>
      start({ tags: [declared], options: optionsFor(broker.port, { clientId, sharedGroup: 'team' }) })
    const members = [await member('one'), await member('two')]
    for (let n = 100; n < 120; n++) await client.publishAsync('plant/declared', String(n), { qos: 1 })
    // Mosquitto gives a group what is retained too, to each member.
    const of = ({ collector }: (typeof members)[number]) =>
      collector.samples.map(({ value }) => value as number).filter(value => value >= 100)
    for (const each of members) await each.collector.until(() => of(each).length >= 10)
    const values = members.flatMap(of).sort((a, b) => a - b)
    expect(values).toEqual(Array.from({ length: 20 }, (_, i) => 100 + i))
    for (const each of members) await each.stop()
  })

  test('browsing shows what is published, and how a tag would name it', async () => {
    await client.publishAsync('plant/press', '{"oil":{"temp":4},"x.y":[1]}', { retain: true })
    await client.publishAsync('plant/text', 'hello', { retain: true })
    const found: Found[] = []
    for await (const each of browse(optionsFor(broker.port), '', new AbortController().signal, 300))
      found.push(each)
    expect(found.map(({ address, type }) => [address, type])).toEqual([
      [{ topic: 'plant/declared' }, 'number'],
      [{ topic: 'plant/press', path: 'oil.temp' }, 'number'],
      [{ topic: 'plant/press', path: '/x.y' }, 'list'],
      [{ topic: 'plant/text', payload: 'text' }, 'text'],
    ])
  })
})
