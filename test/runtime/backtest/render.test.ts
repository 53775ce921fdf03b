import { expect, test } from 'vitest'
import type { Alarm, Signal } from '../../../model/index.ts'
import { Difference } from '../../../runtime/backtest/difference.ts'
import { momentMs } from '../../../runtime/backtest/period.ts'
import { differenceText } from '../../../runtime/backtest/render.ts'

const t = Date.UTC(2026, 2, 1) * 1_000
const asset = 'demo/press-shop/line-1/press-1'
const signal = (second: number, verdict: Signal['verdict'], value = 80): Signal => ({
  v: 1,
  asset,
  signal: 'motor-too-hot',
  processor: 'limits',
  t: t + second * 1e6,
  value,
  unit: 'Cel',
  verdict,
  reason: verdict === 'normal' ? 'within limits' : 'above 75',
  evidence: [{ source: 'press', epoch: 1, from: second, to: second }],
})
const alarm = (second: number): Alarm => ({
  v: 1,
  id: `id-${second}`,
  asset,
  signal: 'motor-too-hot',
  state: 'open',
  severity: 'warning',
  since: t + second * 1e6,
  t: t + second * 1e6,
  value: 80,
  unit: 'Cel',
  reason: 'above 75',
  evidence: [],
})

test('a difference is a table that a person reads, alarms first, with the first few of each', () => {
  const difference = new Difference()
  for (let second = 0; second < 5; second++) difference.add('was', 'signals', signal(second, 'normal'))
  for (let second = 0; second < 5; second++)
    difference.add('wouldBe', 'signals', signal(second, second < 3 ? 'normal' : 'warning'))
  difference.add('wouldBe', 'alarm-events', alarm(3))
  difference.add('was', 'alarm-events', { ...alarm(9), state: 'cleared' })
  // Other evidence is no difference.
  difference.add('was', 'signals', signal(20, 'normal'))
  difference.add('wouldBe', 'signals', { ...signal(20, 'normal'), evidence: [] })
  expect(differenceText(difference.rows())).toEqual([
    'what          asset                           signal         was  would be  added  gone  changed  judged otherwise                     first',
    `alarm-events  ${asset}  motor-too-hot    1         1      1     1        0                 0  2026-03-01T00:00:03.000Z`,
    `signals       ${asset}  motor-too-hot    6         6      0     0        2                 2  2026-03-01T00:00:03.000Z`,
    '',
    `alarm-events ${asset} motor-too-hot`,
    '  + 2026-03-01T00:00:03.000Z open, warning: above 75',
    '  - 2026-03-01T00:00:09.000Z cleared, warning: above 75',
    `signals ${asset} motor-too-hot`,
    '  ~ 2026-03-01T00:00:03.000Z was 80 Cel, normal: within limits | would be 80 Cel, warning: above 75',
    '  ~ 2026-03-01T00:00:04.000Z was 80 Cel, normal: within limits | would be 80 Cel, warning: above 75',
  ])
})

test('no difference is said so', () => {
  const difference = new Difference()
  difference.add('wouldBe', 'signals', signal(1, 'normal'))
  difference.add('was', 'signals', signal(1, 'normal'))
  expect(differenceText(difference.rows())).toEqual(['No difference to what was.'])
})

test('moments are ISO 8601 or so long ago', () => {
  const now = Date.UTC(2026, 2, 31)
  const told = (text: string) => new Date(momentMs('--from', text, now)).toISOString()
  expect(told('30d')).toBe('2026-03-01T00:00:00.000Z')
  expect(told('now')).toBe('2026-03-31T00:00:00.000Z')
  expect(told('2026-03-01')).toBe('2026-03-01T00:00:00.000Z')
  expect(told('2026-03-01T06:30')).toBe('2026-03-01T06:30:00.000Z')
  expect(told('2026-03-01T06:30:15.25+01:00')).toBe('2026-03-01T05:30:15.250Z')
  expect(() => momentMs('--from', 'last month', now)).toThrow(/--from "last month" is not understood/)
})
