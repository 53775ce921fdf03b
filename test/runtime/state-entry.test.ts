import { expect, test } from 'vitest'
import { readEntry } from '../../runtime/state-entry.ts'

const read = (text: string) => readEntry('limits@s/a/l/m', Buffer.from(text))

test.each([
  ['0, the bare state', '{"above":3}', { v: 1, state: { above: 3 } }],
  ['0, a state that is no object', '17', { v: 1, state: 17 }],
  ['1', '{"v":1,"state":{"above":3}}', { v: 1, state: { above: 3 } }],
  ['1 of a declared signal', '{"v":1,"state":null,"spec":"{}"}', { v: 1, state: null, spec: '{}' }],
])('an entry of version %s is read', (_, text, entry) => {
  expect(read(text)).toEqual(entry)
})

test('what a later release wrote is refused, and not taken for empty', () => {
  expect(() => read('{"v":2,"cells":[]}')).toThrow(
    expect.objectContaining({ code: 'unsupported', transient: false }),
  )
})

test('what nobody wrote is refused', () => {
  expect(() => read('{"v":1')).toThrow(expect.objectContaining({ code: 'bad-payload' }))
})
