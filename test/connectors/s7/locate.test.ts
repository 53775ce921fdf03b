import { Value } from 'typebox/value'
import { expect, test } from 'vitest'
import { address, options, s7 } from '../../../connectors/s7/index.ts'

test.each([
  ['s7://10.0.0.5/DB1,REAL4', { endpoint: 's7://10.0.0.5' }, 'DB1,REAL4'],
  [
    's7://10.0.0.5:1102/DB1,X0.3?rack=0&slot=2',
    { endpoint: 's7://10.0.0.5:1102', rack: 0, slot: 2 },
    'DB1,X0.3',
  ],
  ['S7://plc-3.hall/MW20', { endpoint: 's7://plc-3.hall' }, 'MW20'],
  ['s7://[fe80::1]:102/DB1,S20.30', { endpoint: 's7://[fe80::1]:102' }, 'DB1,S20.30'],
  ['s7://10.0.0.5/DB1%2CREAL4', { endpoint: 's7://10.0.0.5' }, 'DB1,REAL4'],
])('%s names a source and a tag', (url, expected, tag) => {
  const located = s7.locate!(url)
  expect(located).toEqual({ options: expected, address: { address: tag } })
  expect(Value.Check(options, Value.Default(options, { ...located.options }))).toBe(true)
  expect(Value.Check(address, located.address)).toBe(true)
})

test.each([
  ['s7://10.0.0.5', 's7://10.0.0.5/DB1,REAL4'],
  ['http://10.0.0.5/DB1,REAL4', 's7://10.0.0.5/DB1,REAL4'],
  ['s7://10.0.0.5/DB1,REEL4', 'Did you mean DB1,REAL4'],
  ['s7://10.0.0.5/DB1,REAL4?slott=2', 'slot=2'],
  ['s7://10.0.0.5/DB1,REAL4?slot=two', 'slot=2'],
  ['s7://10.0.0.5/DB1%', 's7://10.0.0.5'],
])('%s is refused with the form that is understood', (url, hint) => {
  expect(() => s7.locate!(url)).toThrow(
    expect.objectContaining({ code: 'bad-address', hint: expect.stringContaining(hint) }),
  )
})
