import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Address, isBits, parseAddress } from '../../../connectors/modbus/address.ts'
import { decodeValue, encodeValue } from '../../../connectors/modbus/decode.ts'
import { locate } from '../../../connectors/modbus/locate.ts'
import { coded, MillraceError } from '../../../model/index.ts'

describe('an address', () => {
  test.each([
    ['holding/0', { area: 'holding', start: 0, length: 1, type: 'uint16', bit: 0 }],
    ['holding/100:float32', { area: 'holding', start: 100, length: 2, type: 'float32', bit: 0 }],
    ['input/7:int64', { area: 'input', start: 7, length: 4, type: 'int64', bit: 0 }],
    ['holding/4.11', { area: 'holding', start: 4, length: 1, type: 'bit', bit: 11 }],
    ['holding/20:string15', { area: 'holding', start: 20, length: 8, type: 'string', bit: 0 }],
    ['coil/3', { area: 'coil', start: 3, length: 1, type: 'bit', bit: 0 }],
    ['40001', { area: 'holding', start: 0, length: 1, type: 'uint16', bit: 0 }],
    ['465536', { area: 'holding', start: 65_535, length: 1, type: 'uint16', bit: 0 }],
    ['30010:int16', { area: 'input', start: 9, length: 1, type: 'int16', bit: 0 }],
    ['10001', { area: 'discrete', start: 0, length: 1, type: 'bit', bit: 0 }],
    ['00002', { area: 'coil', start: 1, length: 1, type: 'bit', bit: 0 }],
  ])('%s', (text, parsed) => {
    expect(parseAddress(text)).toEqual(parsed)
  })

  test.each([
    ['holdings/0', 'Did you mean holding/0?'],
    ['holding/0:flaot32', 'Did you mean holding/0:float32?'],
    ['holding/0.16', 'Did you mean holding/0.15?'],
    ['holding/0:bit', 'Did you mean holding/0.0?'],
    ['holding/0:string', 'Did you mean holding/0:string16?'],
    ['coil/1:uint16', 'Did you mean coil/1?'],
    ['40000', 'Did you mean 40001?'],
    ['50001', 'Write it like'],
    ['holding/65535:float32', 'Write it like'],
    ['holding/70000', 'Write it like'],
  ])('%s is refused: %s', (text, hint) => {
    const refusal = coded(
      catching(() => parseAddress(text)),
      'internal',
      '',
    )
    expect(refusal).toMatchObject({ code: 'config-invalid' })
    expect(refusal.hint).toContain(hint)
  })

  test('no text makes it throw anything uncoded', () => {
    const texts = fc.oneof(
      fc.string(),
      fc.string({ unit: fc.constantFrom(...'holdingcoil/0123456789.:floatstring') }),
    )
    fc.assert(
      fc.property(texts, text => {
        const thrown = catching(() => parseAddress(text))
        if (thrown !== undefined) expect(thrown).toBeInstanceOf(MillraceError)
      }),
    )
  })
})

describe('a URL', () => {
  test.each([
    ['modbus://host/40001', { endpoint: 'modbus://host' }, '40001'],
    ['modbus://host/holding/0:float32', { endpoint: 'modbus://host' }, 'holding/0:float32'],
    ['modbus://[::1]:1502/coil/3?unit=7', { endpoint: 'modbus://[::1]:1502?unit=7' }, 'coil/3'],
  ])('%s', (url, options, address) => {
    expect(locate(url)).toEqual({ options, address: { address } })
  })

  test.each(['modbus://host', 'modbus://host/', 'modbus://host/what/0', 's7://host/40001'])(
    '%s is refused',
    url => {
      expect(catching(() => locate(url))).toMatchObject({ code: 'bad-address' })
    },
  )
})

const addresses = fc
  .constantFrom(
    ...[
      'coil/1',
      'discrete/1',
      'holding/1',
      'holding/1.15',
      'input/1:int16',
      'holding/1:int32',
      'holding/1:uint32',
    ],
    ...['holding/1:int64', 'holding/1:uint64', 'holding/1:float32', 'holding/1:float64', 'holding/1:string9'],
  )
  .map(parseAddress)
const orders = fc.record({
  wordOrder: fc.constantFrom('big' as const, 'little' as const),
  byteOrder: fc.constantFrom('big' as const, 'little' as const),
})
const wanted = (address: Address) => (isBits(address.area) ? 1 : 2 * address.length)

describe('bytes', () => {
  test('of any number give a value or a coded error', () => {
    fc.assert(
      fc.property(addresses, orders, fc.uint8Array({ maxLength: 20 }), (address, orders, bytes) => {
        const thrown = catching(() => decodeValue(address, orders, Buffer.from(bytes)))
        if (bytes.length === wanted(address)) expect(thrown).toBeUndefined()
        else expect(thrown).toMatchObject({ code: 'bad-payload' })
      }),
    )
  })

  test('of a value read are those that write it', () => {
    const written = addresses.filter(({ type }) => type !== 'bit' && type !== 'string')
    fc.assert(
      fc.property(
        written,
        orders,
        fc.uint8Array({ minLength: 8, maxLength: 8 }),
        (address, orders, random) => {
          const bytes = Buffer.from(random.subarray(0, wanted(address)))
          const value = decodeValue(address, orders, bytes)
          // A NaN has many bit patterns.
          if (!Number.isNaN(value)) expect(encodeValue(address, orders, value)).toEqual(bytes)
        },
      ),
    )
  })
})

function catching(work: () => unknown): unknown {
  try {
    work()
    return undefined
  } catch (thrown) {
    return thrown
  }
}
