import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { asValue, contentOf } from '../../../connectors/mqtt/decode.ts'
import type { Message, Sink } from '../../../connectors/mqtt/message.ts'
import { at, pointerOf, stepsOf } from '../../../connectors/mqtt/path.ts'
import { Registry } from '../../../connectors/mqtt/registry.ts'
import { declaredRoute, subscriptionBinding } from '../../../connectors/mqtt/routes.ts'
import { timeOf } from '../../../connectors/mqtt/time.ts'
import { type MillraceError, type Sample, status, toJson } from '../../../model/index.ts'
import { declare, optionsFor } from './plant.ts'

const bytes = (text: string) => Buffer.from(text)
const json = (text: string) => {
  const content = contentOf('json', bytes(text))
  return 'json' in content ? content.json : undefined
}

describe('payloads', () => {
  test('numbers, booleans and text', () => {
    expect(contentOf('number', bytes(' 12.5\n'))).toEqual({ value: 12.5 })
    expect(contentOf('number', bytes('18446744073709551615'))).toEqual({ value: 18446744073709551615n })
    expect(contentOf('boolean', bytes('ON'))).toEqual({ value: true })
    expect(contentOf('text', bytes('läuft'))).toEqual({ value: 'läuft' })
    for (const [kind, text] of [
      ['number', ''],
      ['number', '12 bar'],
      ['boolean', 'maybe'],
      ['json', '{'],
    ] as const) {
      expect(() => contentOf(kind, bytes(text)), `${kind} ${text}`).toThrow(
        expect.objectContaining({ code: 'bad-payload' }),
      )
    }
    expect(() => contentOf('text', Uint8Array.of(0xff, 0xfe))).toThrow(/UTF-8/)
  })

  test('integers in JSON beyond 2^53 are exact, fractions stay numbers', () => {
    expect(json('{"a":9007199254740993,"b":0.5000000000000000001,"c":1e300}')).toEqual({
      a: 9007199254740993n,
      b: 0.5,
      c: 1e300,
    })
  })

  test('blocks of float32 at any alignment', () => {
    const block = new Uint8Array(9)
    new DataView(block.buffer).setFloat32(1, 1.5, true)
    new DataView(block.buffer).setFloat32(5, -2, true)
    expect(contentOf('float32le', block.subarray(1))).toEqual({ value: Float32Array.of(1.5, -2) })
    expect(() => contentOf('float32le', block)).toThrow(/9 bytes/)
    expect(asValue([1, 2], 'waveform')).toEqual(Float32Array.of(1, 2))
    expect(asValue([1, 2], 'telemetry')).toEqual([1, 2])
  })

  test('a value nested deep is refused, not walked', () => {
    const deep = json(`${'['.repeat(200_000)}${']'.repeat(200_000)}`)
    expect(() => asValue(deep!, 'telemetry')).toThrow(/nested/)
  })
})

describe('paths', () => {
  test('dotted, and RFC 6901 where keys have dots', () => {
    const value = json('{"a":{"b":[10,{"c":1}]},"x.y":2,"s/t":3,"~":4}')!
    expect(at(value, stepsOf('a.b.1.c'))).toBe(1)
    expect(at(value, stepsOf('/x.y'))).toBe(2)
    expect(at(value, stepsOf('/s~1t'))).toBe(3)
    expect(at(value, stepsOf('/~0'))).toBe(4)
    expect(at(value, [])).toBe(value)
    for (const path of ['a.c', 'a.b.2', 'a.b.length', 'constructor', '__proto__.x', 'a.b.0.x']) {
      expect(at(value, stepsOf(path)), path).toBeUndefined()
    }
  })

  test('a pointer is read as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), steps => {
        expect(stepsOf(pointerOf(steps))).toEqual(steps)
      }),
    )
  })
})

describe('time', () => {
  test.each([
    [1_700_000_000.5, 's', 1_700_000_000_500_000],
    [1_700_000_000_123, 'ms', 1_700_000_000_123_000],
    ['1700000000123456', 'us', 1_700_000_000_123_456],
    [1_700_000_000_123_456_789n, 'ns', 1_700_000_000_123_456],
    ['2026-01-31T12:59:59.123456789Z', 'iso', 1_769_864_399_123_456],
    ['2026-01-31T13:59:59+0100', 'iso', 1_769_864_399_000_000],
    ['2026-01-31 12:59', 'iso', 1_769_864_340_000_000],
  ] as const)('%s in %s', (value, unit, micros) => {
    expect(timeOf(value, unit)).toBe(micros)
  })

  test.each([
    [undefined, 'ms'],
    [-1, 'ms'],
    [Number.NaN, 's'],
    [1e300, 's'],
    ['yesterday', 'iso'],
    ['2026-13-31T12:59:59Z', 'iso'],
    [true, 'ms'],
    ['', 'ms'],
  ] as const)('%s in %s is no time', (value, unit) => {
    expect(timeOf(value, unit)).toBeUndefined()
  })
})

/** What routes make of messages. */
class Seen implements Sink {
  readonly samples: Sample[] = []
  readonly problems: MillraceError[] = []
  unusableCount = 0
  sample(sample: Sample): void {
    this.samples.push(sample)
  }
  problem(_: unknown, problem: MillraceError | undefined): void {
    if (problem) this.problems.push(problem)
  }
  unusable(_: unknown, count: number, reason: MillraceError): void {
    this.unusableCount += count
    this.problems.push(reason)
  }
}

const message = (topic: string, payload: Uint8Array | string, more: Partial<Message> = {}): Message => ({
  topic,
  payload: typeof payload === 'string' ? bytes(payload) : payload,
  retained: false,
  repeated: false,
  at: 1_700_000_000_000_000,
  ...more,
})

describe('a declared tag', () => {
  const { tag, address } = declare('t', { topic: 'a', path: 'v', timePath: 'at', timeUnit: 'ms' })
  const route = declaredRoute(tag, address)
  const plain = declaredRoute(tag, declare('t', { topic: 'a' }).address)
  const first = (made: typeof route, given: Message) => {
    const seen = new Seen()
    made(given, seen)
    return { ...seen.samples[0]!, code: seen.problems[0]?.code }
  }

  test('has the time of the payload, and is uncertain where that lacks it', () => {
    expect(first(route, message('a', '{"v":1,"at":5}'))).toMatchObject({
      value: 1,
      t: 5000,
      status: status.good,
    })
    expect(first(route, message('a', '{"v":1}'))).toMatchObject({
      t: 1_700_000_000_000_000,
      status: status.uncertain,
    })
  })

  test('kept by the broker it is as good as its own time, and of unknown age without', () => {
    const kept = { retained: true }
    expect(first(route, message('a', '{"v":1,"at":5}', kept))).toMatchObject({ status: status.good })
    expect(first(plain, message('a', '1', kept))).toMatchObject({
      value: 1,
      status: status.uncertainLastUsableValue,
    })
  })

  test('is bad without a value where there is none, and never repeats the last', () => {
    expect(first(route, message('a', '{"x":1}'))).toMatchObject({
      value: null,
      status: status.badNodeIdUnknown,
      code: 'bad-address',
    })
    expect(first(route, message('a', 'rubbish'))).toMatchObject({
      value: null,
      status: status.badDecodingError,
      code: 'bad-payload',
    })
    expect(first(plain, message('a', 'null'))).toMatchObject({ value: null, status: status.badNoData })
  })
})

describe('subscriptions', () => {
  const bound = (given: object, names: 'slug' | 'exact' = 'slug', maxTags = 100) => {
    const [subscription] = optionsFor(1, {
      subscriptions: [{ topic: 'plant/+line/+machine/#', asset: 'demo/hall/{line}/{machine}', ...given }],
    }).subscriptions
    const registry = new Registry([declare('declared', {}).tag], { names, maxTags })
    const { pattern, bind } = subscriptionBinding(subscription!, registry)
    return (topic: string, payload: string) => {
      const seen = new Seen()
      bind(topic, pattern.match(topic)!)(message(topic, payload), seen)
      return seen
    }
  }
  const named = ({ samples }: Seen) => samples.map(({ tag, value }) => [`${tag.asset}/${tag.name}`, value])

  test('assets by pattern, the tag from the rest of the topic', () => {
    const hear = bound({})
    expect(named(hear('plant/Line_1/Press 3/hydraulics/OilTemp', '42'))).toEqual([
      ['demo/hall/line-1/press-3/hydraulics-oil-temp', 42],
    ])
  })

  test('tags from the keys of the JSON', () => {
    const hear = bound({ tagsFrom: 'keys', timePath: 'meta.ts', timeUnit: 's' })
    const seen = hear('plant/l/m/x', '{"meta":{"ts":1,"id":7},"axes":[1,2],"Speed":3.5}')
    expect(named(seen)).toEqual([
      ['demo/hall/l/m/meta-id', 7],
      ['demo/hall/l/m/axes', [1, 2]],
      ['demo/hall/l/m/speed', 3.5],
    ])
    expect(seen.samples.every(({ t }) => t === 1_000_000)).toBe(true)
  })

  test('what does not fit is counted with its reason', () => {
    const exact = bound({}, 'exact')
    expect(exact('plant/Line_1/m/x', '1')).toMatchObject({ unusableCount: 1, samples: [] })
    const hear = bound({}, 'slug', 2)
    expect(hear('plant/l/m/a_b', '1').unusableCount).toBe(0)
    expect(hear('plant/l/m/a-b', '1').problems[0]?.message).toMatch(/would both be demo\/hall\/l\/m\/a-b/)
    expect(hear('plant/line-1/press/declared', '1').problems[0]?.message).toMatch(/declared/)
    hear('plant/l/m/second', '1')
    expect(hear('plant/l/m/third', '1').problems[0]?.message).toMatch(/maxTags/)
    expect(hear('plant/l/--/x', '1').problems[0]?.message).toMatch(/not an asset id/)
  })
})

test('random bytes make samples or counted losses, and nothing uncoded', () => {
  const routes = [
    ...['json', 'number', 'boolean', 'text', 'float32le'].map(payload => {
      const { tag, address } = declare('t', { topic: 'a', payload })
      return declaredRoute(tag, address)
    }),
    declaredRoute(declare('t', {}).tag, declare('t', { topic: 'a', path: 'a.b', timePath: '0' }).address),
  ]
  const payload = fc.oneof(fc.uint8Array({ maxLength: 300 }), fc.json().map(bytes), fc.string().map(bytes))
  fc.assert(
    fc.property(payload, given => {
      for (const route of routes) {
        const seen = new Seen()
        route(message('a', given), seen)
        expect(seen.samples.length).toBe(1)
        JSON.stringify(toJson(seen.samples[0]!.value))
      }
    }),
    { numRuns: 500 },
  )
})
