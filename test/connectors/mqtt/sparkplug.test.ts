import fc from 'fast-check'
import protobuf from 'sparkplug-payload/lib/sparkplugPayloadProto.js'
import { describe, expect, test } from 'vitest'
import { Gathering, type Message } from '../../../connectors/mqtt/message.ts'
import { Births } from '../../../connectors/mqtt/sparkplug/births.ts'
import { SparkplugHost } from '../../../connectors/mqtt/sparkplug/host.ts'
import { EdgeNode } from '../../../connectors/mqtt/sparkplug/node.ts'
import { decodePayload, type RawValue } from '../../../connectors/mqtt/sparkplug/payload.ts'
import { parseTopic } from '../../../connectors/mqtt/sparkplug/topic.ts'
import { encodable, metricValue } from '../../../connectors/mqtt/sparkplug/value.ts'
import { MillraceError, status, type Tag, toJson } from '../../../model/index.ts'
import { Collector } from '../collector.ts'

const { Payload } = protobuf.org.eclipse.tahu.protobuf
const encode = (payload: object) => Payload.encode(Payload.fromObject(payload)).finish()
const tag: Tag = { asset: 'demo/hall/line/press', name: 'speed', class: 'telemetry' }

/** A host that wants the one metric "Speed" of device D, and what comes of messages. */
function host() {
  const collector = new Collector()
  const gathering = new Gathering(collector.report)
  const asked: string[] = []
  const made = new SparkplugHost({
    tagOf: ({ name }) => (name === 'Speed' ? tag : undefined),
    declared: () => [],
    askForBirth: (group, node) => asked.push(`${group}/${node}`),
    lost: count => collector.report.lost(undefined, 'queueOverflow', count),
    expected: count => collector.report.expected(count),
    itself: { ...tag, name: 'itself' },
  })
  const hear = (type: string, payload: object | Uint8Array, more: Partial<Message> = {}) => {
    const topic = `spBv1.0/G/${type}/N${type.startsWith('D') ? '/D' : ''}`
    const bytes = payload instanceof Uint8Array ? payload : encode(payload)
    made.route(topic)!(
      { topic, payload: bytes, retained: false, repeated: false, at: 5_000_000, ...more },
      gathering,
    )
    return gathering.take()
  }
  const born = (bdSeq = 1) => {
    hear('NBIRTH', { seq: 0, metrics: [{ name: 'bdSeq', datatype: 8, longValue: bdSeq }] })
    return hear('DBIRTH', {
      seq: 1,
      timestamp: 1000,
      metrics: [{ name: 'Speed', alias: 3, datatype: 3, intValue: 7 }],
    })
  }
  return { hear, born, asked, collector }
}

describe('an edge node', () => {
  test('is understood by its births: names, types, times', () => {
    const { hear, born } = host()
    expect(born()).toEqual([{ tag, t: 1_000_000, value: 7, status: status.good }])
    const [sample] = hear('DDATA', { seq: 2, metrics: [{ alias: 3, timestamp: 2, intValue: 0xffffffff }] })
    expect(sample).toEqual({ tag, t: 2000, value: -1, status: status.good })
  })

  test('its quality property and null travel as status', () => {
    const { hear, born } = host()
    born()
    const of = (seq: number, Quality: number, more: object = { intValue: 1 }) =>
      hear('DDATA', {
        seq,
        timestamp: 1,
        metrics: [
          { alias: 3, ...more, properties: { keys: ['Quality'], values: [{ type: 3, intValue: Quality }] } },
        ],
      })[0]
    expect(of(2, 192)).toMatchObject({ value: 1, status: status.good })
    expect(of(3, 0)).toMatchObject({ value: 1, status: status.bad, code: 0 })
    expect(of(4, 500)).toMatchObject({ status: status.uncertainLastUsableValue, code: 500 })
    expect(of(5, 192, { isNull: true })).toMatchObject({ value: null, status: status.badNoData })
  })

  test('an unknown one is asked for its birth, and what cannot be named is counted', () => {
    const { hear, asked, collector } = host()
    expect(hear('DDATA', { seq: 9, metrics: [{ alias: 3, intValue: 1 }] })).toEqual([])
    expect(asked).toEqual(['G/N'])
    expect(collector.lost).toEqual([{ tag: 'itself', cause: 'unusable', count: 1 }])
  })

  test('a gap is counted around the end of the circle; backwards it is unknown', () => {
    const { hear, born, collector } = host()
    born()
    const at = (seq: number) => hear('DDATA', { seq, timestamp: 1, metrics: [{ alias: 3, intValue: 1 }] })[0]
    for (let seq = 2; seq < 255; seq++) at(seq)
    expect(collector.lost).toEqual([])
    expect(at(1)).toMatchObject({ status: status.uncertain })
    at(0)
    expect(collector.lost.map(({ count }) => count)).toEqual([2, 'unknown'])
    born(2)
    expect(at(2)).toMatchObject({ status: status.good })
  })

  test('what the broker sends again is heard once', () => {
    const { hear, born, collector } = host()
    born()
    const data = { seq: 2, metrics: [{ alias: 3, intValue: 1 }] }
    hear('DDATA', data)
    expect(hear('DDATA', data, { repeated: true })).toEqual([])
    expect(collector.lost).toEqual([])
  })

  test('the death of an earlier life is not believed', () => {
    const { hear, born } = host()
    born(2)
    const death = (bdSeq: number) => ({ metrics: [{ name: 'bdSeq', datatype: 8, longValue: bdSeq }] })
    expect(hear('NDEATH', death(1))).toEqual([])
    expect(hear('NDEATH', death(2))).toEqual([
      { tag, t: 5_000_000, value: null, status: status.badNoCommunication },
    ])
  })
})

test('births are not asked for too often', () => {
  const sent: string[] = []
  const births = new Births(60_000, topic => sent.push(topic))
  for (const node of ['a', 'a', 'b', 'a']) births.ask('G', node)
  expect(sent).toEqual(['spBv1.0/G/NCMD/a', 'spBv1.0/G/NCMD/b'])
})

test('topics', () => {
  expect(parseTopic('spBv1.0/G/DDATA/N/D')).toEqual({ group: 'G', type: 'DDATA', node: 'N', device: 'D' })
  for (const topic of [
    'spBv1.0/G/NCMD/N',
    'spBv1.0/STATE/h',
    'spBv1.0/G/DDATA/N',
    'spBv1.0/G/NDATA/N/D',
    'a/G/NDATA/N',
  ])
    expect(parseTopic(topic), topic).toBeUndefined()
})

describe('values to write', () => {
  test.each([
    [1, -5],
    [4, -9007199254740993n],
    [8, 18446744073709551615n],
    [9, 0.5],
    [11, true],
    [12, 'x'],
  ])('type %i takes %s and gives it back', (type, value) => {
    const { field, value: raw } = encodable(type, value)
    const wide = typeof raw === 'bigint' ? { low: Number(raw & 0xffffffffn), high: Number(raw >> 32n) } : raw
    expect(metricValue({ [field]: wide } as RawValue, type)).toBe(value)
  })

  test.each([
    [1, 128],
    [5, -1],
    [3, 1.5],
    [11, 1],
    [12, 1],
    [19, 1],
  ])('type %i does not take %s', (type, value) => {
    expect(() => encodable(type, value)).toThrow(expect.objectContaining({ code: 'bad-type' }))
  })
})

describe('whatever comes', () => {
  const metric = fc.record(
    {
      name: fc.constantFrom('Speed', 'bdSeq', '', '__proto__'),
      alias: fc.nat(5),
      datatype: fc.nat(40),
      timestamp: fc.nat(),
      isNull: fc.boolean(),
      intValue: fc.nat(),
      stringValue: fc.string(),
      bytesValue: fc.uint8Array({ maxLength: 40 }),
      datasetValue: fc.constantFrom(
        { columns: ['a'], types: [3], rows: [{ elements: [{ intValue: 1 }] }, {}] },
        {},
      ),
      templateValue: fc.constantFrom({ metrics: [{ name: 'x', datatype: 3, intValue: 1 }, {}] }, {}),
    },
    { requiredKeys: [] },
  )
  const payload = fc.oneof(
    fc.uint8Array({ maxLength: 200 }),
    fc
      .record(
        { seq: fc.nat(300), metrics: fc.array(metric, { maxLength: 5 }) },
        { requiredKeys: ['metrics'] },
      )
      .map(encode),
  )
  const type = fc.constantFrom('NBIRTH', 'DBIRTH', 'NDATA', 'DDATA', 'NDEATH', 'DDEATH')

  test('bytes are a payload or a coded error', () => {
    fc.assert(
      fc.property(payload, bytes => {
        try {
          decodePayload(bytes)
        } catch (thrown) {
          expect(thrown).toBeInstanceOf(MillraceError)
        }
      }),
      { numRuns: 500 },
    )
  })

  test('messages in any order make samples that can be stored', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(type, payload), { maxLength: 8 }), messages => {
        const { hear } = host()
        for (const [kind, bytes] of messages)
          for (const { value, t } of hear(kind, bytes)) {
            JSON.stringify(toJson(value))
            expect(Number.isSafeInteger(t)).toBe(true)
          }
      }),
      { numRuns: 300 },
    )
  })

  test('few bytes do not become many values', () => {
    const wide = {
      columns: Array(20_000).fill('c'),
      types: Array(20_000).fill(3),
      rows: Array(20_000).fill({}),
    }
    const decoded = decodePayload(encode({ metrics: [{ name: 'x', datatype: 16, datasetValue: wide }] }))
    expect(() => metricValue(decoded.metrics[0]!, 16)).toThrow(/DataSet/)
    const many = { bytesValue: Uint8Array.of(0xff, 0xff, 0xff, 0xff) }
    expect(() => metricValue(many, 32)).toThrow(/BooleanArray/)
    let nested: object = { name: 'x', datatype: 3, intValue: 1 }
    for (let i = 0; i < 20; i++) nested = { name: 'x', datatype: 19, templateValue: { metrics: [nested] } }
    const deep = decodePayload(encode({ metrics: [nested] }))
    expect(() => metricValue(deep.metrics[0]!, 19)).toThrow(/nested/)
  })

  test('a node that was never heard of has nothing', () => {
    const node = new EdgeNode()
    expect(node.living()).toEqual([])
    expect(node.isAlive).toBe(false)
  })
})
