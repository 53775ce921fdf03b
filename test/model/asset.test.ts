import fc from 'fast-check'
import { expect, test } from 'vitest'
import { segmentOf, segmentPattern } from '../../model/index.ts'

test.each([
  ['Press1.OilTemp (°C)', 'press1-oil-temp-c'],
  ['MOTOR_SPEED', 'motor-speed'],
  ['Größe Öl', 'grosse-ol'],
  ['--a--b--', 'a-b'],
  ['温度', ''],
])('%s becomes %j', (name, segment) => expect(segmentOf(name)).toBe(segment))

test('what comes out is a segment, and stays itself', () => {
  const whole = new RegExp(`^(${segmentPattern})?$`)
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), name => {
      expect(segmentOf(name)).toMatch(whole)
      expect(segmentOf(segmentOf(name))).toBe(segmentOf(name))
    }),
  )
})
