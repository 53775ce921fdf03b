import { expect, test } from 'vitest'
import { allChanged } from '../../../edge-broker/task/leaders.ts'

test('all brokers were down where every partition that was there has another leader than then', () => {
  const then = { 'telemetry/0': 3, 'state/0': 7 }
  expect(allChanged(then, { 'telemetry/0': 4, 'state/0': 8 })).toBe(true)
  expect(allChanged(then, { 'telemetry/0': 4, 'state/0': 8, 'parts/0': 0 })).toBe(true)
  expect(allChanged(then, { 'telemetry/0': 4, 'state/0': 7 })).toBe(false)
  expect(allChanged(then, then)).toBe(false)
  expect(allChanged({}, then)).toBe(false)
})
