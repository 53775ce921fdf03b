import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { telemetryDecoder } from '../../runtime/telemetry-decoder.ts'

const record = (fields: object) => ({
  v: 1,
  asset: 'site/area/line/press',
  source: 'press',
  epoch: 1,
  seq: 7,
  tags: ['a', 'b'],
  tag: [0, 1, 0],
  t: [1_767_225_600_000_000, 1_767_225_600_000_000, 1_767_225_600_000_000],
  value: [1.5, -2, 0],
  status: [0, 0, 0],
  ...fields,
})

/** What came of it: the value, with -0 and 0 apart, or that it is no JSON. */
const outcome = (decode: (bytes: Buffer) => unknown, text: string | Buffer): unknown => {
  try {
    return { value: decode(Buffer.from(text as string)) }
  } catch {
    return 'refused'
  }
}
const asJson = (bytes: Buffer): unknown => JSON.parse(bytes.toString())

/** One decoder for all of them, so that what it remembers of one meets the next. */
const decode = telemetryDecoder()
const expectSame = (text: string | Buffer) => expect(outcome(decode, text)).toEqual(outcome(asJson, text))

const numeric = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.integer({ min: -1e6, max: 1e6 }).map(x => x / 1_000),
  fc.constant(-0),
)
const cell = fc.oneof({ weight: 20, arbitrary: numeric }, fc.jsonValue())
const columns = fc.record({
  asset: fc.oneof(fc.constant('site/area/line/press'), fc.string()),
  source: fc.oneof(fc.constant('press'), fc.string()),
  seq: fc.nat(),
  tags: fc.array(fc.oneof(fc.constantFrom('a', 'b'), fc.string()), { maxLength: 3 }),
  t: fc.array(fc.oneof(fc.constant(1_767_225_600_000_000), fc.nat(), fc.maxSafeInteger()), { maxLength: 5 }),
  value: fc.array(cell, { maxLength: 5 }),
  status: fc.array(fc.oneof(fc.constant(0), fc.nat()), { maxLength: 5 }),
})

const textOf = (fields: object) => JSON.stringify(record(fields))

describe('a telemetry record is read as JSON is', () => {
  test('for any columns, whatever was read before', () => {
    fc.assert(
      fc.property(columns, fields => {
        expectSame(textOf(fields))
      }),
      { numRuns: 2_000, seed: 1 },
    )
  })

  test('for any byte that is another, missing or too much', () => {
    const text = Buffer.from(textOf({ value: [1.25, -20, 0.001], status: [0, 2_147_483_648, 0] }))
    const some = [...'0123456789.,-+eE[]{}":\\ tfn\n']
    for (let at = 0; at < text.length; at++) {
      expectSame(Buffer.concat([text.subarray(0, at), text.subarray(at + 1)]))
      for (const character of some) {
        expectSame(Buffer.concat([text.subarray(0, at), Buffer.from(character), text.subarray(at + 1)]))
        expectSame(Buffer.concat([text.subarray(0, at), Buffer.from(character), text.subarray(at)]))
      }
    }
  })

  test('for numbers written in any way', () => {
    const numbers = [
      '-0',
      '0.0',
      '-0.0',
      '00',
      '01',
      '.5',
      '5.',
      '1e3',
      '1E-7',
      '0.1',
      '123456789012345',
      '1234567890123456',
    ]
    const more = [
      '0.123456789012345',
      '9007199254740993',
      '179769313486231570000',
      '-',
      '+1',
      '1.2.3',
      ' 1',
      '"1"',
      'null',
    ]
    for (const number of [...numbers, ...more]) {
      expectSame(textOf({}).replace('[1.5,-2,0]', `[${number}]`))
      expectSame(textOf({}).replace('[1.5,-2,0]', `[1,${number},2]`))
      expectSame(textOf({}).replace('"status":[0,0,0]', `"status":[${number},0]`))
      expectSame(textOf({}).replace('"seq":7', `"seq":${number}`))
    }
  })

  test('for fields that are more, twice, or in another order', () => {
    const text = textOf({})
    expectSame(text.replace('"tags":', '"tags":[],"tags":'))
    expectSame(text.replace('"tag":', '"tag":[9],"tag":'))
    expectSame(text.replace('"t":', '"more":[1],"t":'))
    expectSame(text.replace('"t":', '"asset":"other","t":'))
    expectSame(text.replace('"value":', '"t":[1],"value":'))
    expectSame(text.replace('"status":', '"value":[1],"status":'))
    expectSame(text.replace(/\}$/, ',"code":[1,2,3]}'))
    expectSame(text.replace(/\}$/, ',"status":[1,2,3]}'))
    expectSame(`${text.replace('"v":1,', '')}\n`)
    expectSame(JSON.stringify(Object.fromEntries(Object.entries(record({})).reverse())))
    expectSame(textOf({ value: [[1], { a: [1], status: [3] }, '],"status":['] }))
    expectSame('')
    expectSame('{}')
  })

  test('quickly in the usual case: the names of a record are those of the one before', () => {
    const [first, second] = [7, 8].map(seq => decode(Buffer.from(textOf({ seq }))) as { tags: string[] })
    expect(second!.tags).toBe(first!.tags)
  })
})
