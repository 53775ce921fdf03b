import fc from 'fast-check'
import { writeToStream } from 'mqtt-packet'
import { describe, expect, test } from 'vitest'
import { connectors } from '../../../connectors/index.ts'
import { connectError } from '../../../connectors/mqtt/errors.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { memoryOf, memoryText } from '../../../connectors/mqtt/memory.ts'
import { filled, patternOf, slug } from '../../../connectors/mqtt/pattern.ts'
import { Repeats, receiptOf } from '../../../connectors/mqtt/repeats.ts'
import { withoutAcks } from '../../../connectors/mqtt/withheld.ts'
import { Collector } from '../collector.ts'
import { type DeclaredTag, declare, optionsFor } from './plant.ts'

describe('topic patterns', () => {
  test('wildcards have names', () => {
    const pattern = patternOf('plant/+line/+/+machine/#')
    expect(pattern.filter).toBe('plant/+/+/+/#')
    expect(Object.fromEntries(pattern.match('plant/l/x/m/a/b')!)).toEqual({
      line: 'l',
      machine: 'm',
      rest: 'a/b',
    })
    expect(Object.fromEntries(pattern.match('plant/l/x/m')!)).toEqual({ line: 'l', machine: 'm', rest: '' })
    expect(pattern.match('plant/l/x')).toBeUndefined()
    expect(pattern.match('other/l/x/m/a')).toBeUndefined()
    expect(patternOf('#').match('$SYS/broker')).toBeUndefined()
    expect(filled('{line}-{machine}', name => name.toUpperCase())).toBe('LINE-MACHINE')
  })

  test.each(['', 'a/#/b', 'a+/b', 'a/+x-y', '+rest/#', '+a/+a', 'a#'])('%s is refused', written => {
    expect(() => patternOf(written)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
  })

  test('names become segments of ids, or nothing', () => {
    expect(['Line_1', 'OilTemp', 'Öl-Druck (bar)', '  ', 'a--b', 'PLC2Speed'].map(slug)).toEqual([
      'line-1',
      'oil-temp',
      'ol-druck-bar',
      '',
      'a-b',
      'plc2-speed',
    ])
    fc.assert(
      fc.property(fc.string(), name => {
        expect(slug(name)).toMatch(/^$|^[a-z0-9]+(-[a-z0-9]+)*$/)
      }),
    )
  })
})

describe('PUBACKs are kept back', () => {
  type Packet = Parameters<typeof writeToStream>[0]
  const bytesOf = (packets: readonly Packet[]) => {
    const chunks: Buffer[] = []
    const stream = { write: (chunk: Buffer) => chunks.push(Buffer.from(chunk)) > 0 }
    for (const packet of packets) writeToStream(packet, stream as never, { protocolVersion: 5 })
    return Buffer.concat(chunks)
  }
  const publish = (payload: string): Packet => ({
    cmd: 'publish',
    topic: 'a',
    payload,
    qos: 0,
    dup: false,
    retain: false,
  })
  const puback = (messageId: number): Packet => ({ cmd: 'puback', messageId, reasonCode: 0 })

  test('whatever is between them, and however the bytes are cut', () => {
    const packet = fc.oneof(
      fc.nat(65_534).map(id => puback(id + 1)),
      fc.string({ maxLength: 300 }).map(publish),
      fc.constant<Packet>({ cmd: 'pingreq' }),
    )
    fc.assert(
      fc.property(fc.array(packet, { maxLength: 20 }), fc.integer({ min: 1, max: 50 }), (packets, size) => {
        const all = bytesOf(packets)
        const kept: Buffer[] = []
        let rest = Buffer.alloc(0)
        for (let at = 0; at < all.length; at += size) {
          const [part, left] = withoutAcks(Buffer.concat([rest, all.subarray(at, at + size)]))
          kept.push(part)
          rest = left
        }
        expect(Buffer.concat([...kept, rest])).toEqual(bytesOf(packets.filter(({ cmd }) => cmd !== 'puback')))
      }),
    )
  })
})

describe('repeats', () => {
  const receipt = (id: number, text = 'x') => receiptOf(id, 'topic', Buffer.from(text))

  test('what was stored is known to the next session, and nothing else', () => {
    const stored = new Repeats(10, undefined).with([receipt(1), receipt(2)])
    const next = new Repeats(10, stored)
    expect([receipt(1), receipt(2), receipt(3), receipt(1, 'y')].map(each => next.has(each))).toEqual([
      true,
      true,
      false,
      false,
    ])
  })

  test('the last ones alone are kept', () => {
    const repeats = new Repeats(2, undefined)
    repeats.with([receipt(1), receipt(2)])
    const next = new Repeats(2, repeats.with([receipt(3)]))
    expect([1, 2, 3].map(id => next.has(receipt(id)))).toEqual([false, true, true])
  })

  test('a broker that gives ids out again at once is believed, for good', () => {
    const repeats = new Repeats(10, undefined)
    repeats.with([receipt(1)])
    repeats.fresh(receipt(1))
    const next = new Repeats(10, repeats.with([receipt(1)]))
    expect(next.has(receipt(1))).toBe(false)
  })

  test('memory is that of one client', () => {
    const memory = { client: 'me there', filters: ['a', 'b/#'], repeats: '.AAAA' }
    expect(memoryOf(memoryText(memory), 'me there')).toEqual(memory)
    expect(memoryOf(memoryText(memory), 'me elsewhere')).toBeUndefined()
    expect(memoryOf(undefined, 'me there')).toBeUndefined()
  })
})

describe('what no schema can tell', () => {
  const good = declare('t', { topic: 'a' })
  const opening =
    (options: object, tags: readonly DeclaredTag[] = [good]) =>
    () =>
      mqtt.open({ name: 's', options: optionsFor(1, options), tags, stateDir: '' }, new Collector().report)
  const subscription = { topic: 'p/+m/#', asset: 'demo/hall/line/{m}' }

  test('is fine', () => {
    opening({ endpoint: 'mqtts://broker.plant:8883', user: { name: 'a', passwordFile: '/p' } })()
    opening({ endpoint: 'mqtt://10.0.0.5', unencrypted: true })()
    opening({ endpoint: 'mqtt://[::1]:1883', subscriptions: [subscription] })()
    opening({ sparkplug: { group: 'g', deviceAsset: 'demo/hall/{node}/{device}' } })()
  })

  test.each<[string, object, DeclaredTag[]?]>([
    ['not encrypted', { endpoint: 'mqtt://10.0.0.5:1883' }],
    [
      'password over an open',
      { endpoint: 'mqtt://10.0.0.5', unencrypted: true, user: { name: 'a', passwordEnv: 'P' } },
    ],
    ['one place for the password', { user: { name: 'a' } }],
    ['go together', { certificateFile: '/c' }],
    ['needs one address', {}, [declare('t', {})]],
    ['needs one address', {}, [declare('t', { topic: 'a', metric: { group: 'g', node: 'n', name: 'm' } })]],
    ['path into a payload', {}, [declare('t', { topic: 'a', payload: 'text', path: 'x' })]],
    [
      'source is shared',
      { sharedGroup: 'g' },
      [declare('t', { metric: { group: 'g', node: 'n', name: 'm' } })],
    ],
    ['no wildcard', { subscriptions: [{ ...subscription, asset: 'demo/hall/{line}/{m}' }] }],
    ['not in the site', { subscriptions: [{ ...subscription, asset: 'other/hall/line/{m}' }] }],
    ['makes no asset ids', { subscriptions: [{ ...subscription, asset: '{m}/hall/line/x' }] }],
    ['says nothing of the tag', { subscriptions: [{ ...subscription, topic: 'p/+m' }] }],
    ['go together', { subscriptions: [{ ...subscription, payload: 'float32le' }] }],
    ['stands for nothing', { sparkplug: { group: 'g', nodeAsset: 'demo/hall/{node}/{device}' } }],
  ])('%s', (message, options, tags) => {
    expect(opening(options, tags)).toThrow(
      expect.objectContaining({ code: 'config-invalid', message: expect.stringContaining(message) }),
    )
  })

  test('URLs name topics', () => {
    expect(connectors.mqtt?.locate?.('mqtts://h:8883/plant/a%20b#x.y')).toEqual({
      options: { endpoint: 'mqtts://h:8883' },
      address: { topic: 'plant/a b', path: 'x.y' },
    })
    for (const url of [
      'mqtt://h',
      'mqtt://h/',
      'http://h/a',
      'mqtt://h/a/%2B',
      'mqtt://h/%zz',
      'mqtt://u:p@h/a',
    ]) {
      expect(() => mqtt.locate?.(url), url).toThrow(expect.objectContaining({ code: 'bad-address' }))
    }
  })

  test.each([
    [{ code: 'ECONNREFUSED' }, 'unreachable', true],
    [{ code: 'SELF_SIGNED_CERT_IN_CHAIN' }, 'untrusted', false],
    [{ code: 'ERR_TLS_CERT_ALTNAME_INVALID' }, 'untrusted', false],
    [{ code: 5 }, 'unauthorised', false],
    [{ code: 134 }, 'unauthorised', false],
    [{ code: 136 }, 'refused', true],
    [{ code: 1 }, 'unsupported', false],
    [new Error('what?'), 'refused', true],
  ])('%j is %s', (thrown, code, transient) => {
    expect(connectError(thrown, 'mqtts://h')).toMatchObject({ code, transient, hint: expect.any(String) })
  })
})
