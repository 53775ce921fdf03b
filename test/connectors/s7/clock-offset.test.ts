import fc from 'fast-check'
import { expect, test } from 'vitest'
import { offsetOf } from '../../../connectors/s7/clock-offset.ts'
import { decodeClock } from '../../../connectors/s7/userdata.ts'

const answer = Buffer.from('000112081287010000000000', 'hex')
const told = Buffer.from('ff09000a00192601311259595993', 'hex')

test('the clock of a CPU as it answers', () => {
  expect(decodeClock(answer, told)).toBe(Date.UTC(2026, 0, 31, 12, 59, 59, 599) * 1000)
})

test.each([
  ['an error', Buffer.from('0001120812870100000081 04'.replace(' ', ''), 'hex'), told],
  ['a refusal', answer, Buffer.from('0a000000', 'hex')],
  ['no time', answer, Buffer.from('ff09000a0019ffffffffffffffff', 'hex')],
  ['another answer', Buffer.alloc(0), Buffer.alloc(0)],
])('%s is no clock', (_, parameters, data) => {
  expect(decodeClock(parameters, data)).toBeUndefined()
})

test('of several readings the one with the shortest way counts', () => {
  const readings = [
    { sent: 0, received: 40_000, told: 1_030_000 },
    { sent: 100_000, received: 102_000, told: 1_101_000 },
  ]
  expect(offsetOf(readings, 0)).toEqual({ offsetMs: 1000, uncertaintyMs: 1 })
})

test('whatever the ways take, the truth is within the uncertainty', () => {
  const ways = fc.array(fc.record({ there: fc.nat(50_000), back: fc.nat(50_000) }), {
    minLength: 1,
    maxLength: 5,
  })
  fc.assert(
    fc.property(fc.integer({ min: -1e7, max: 1e7 }), ways, (offset, ways) => {
      const readings = ways.map(({ there, back }, i) => {
        const sent = 1e6 * i
        const at = sent + there
        // The controller tells whole milliseconds.
        return { sent, received: at + back, told: Math.floor((at + offset) / 1000) * 1000 }
      })
      const { offsetMs, uncertaintyMs } = offsetOf(readings, 1)
      expect(Math.abs(offsetMs - offset / 1000)).toBeLessThanOrEqual(uncertaintyMs + 0.2)
    }),
  )
})
