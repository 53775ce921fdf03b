import { expect, test } from 'vitest'
import type { TelemetryRecord } from '../../model/index.ts'
import { readingsOf } from '../../processors/readings.ts'
import { samplesOf } from '../../processors/samples.ts'
import { hour, recordOf } from './records.ts'

const pointing = (index: unknown): TelemetryRecord => {
  const record = recordOf(1, [{ tag: 'oil', t: hour, value: 1 }])
  return { ...record, tag: [index as number] }
}
const places = new Map([['oil', 0]])

test('a sample is of the tag that its index points at', () => {
  const sample = { t: hour, value: 1, status: 0 }
  expect(readingsOf(pointing(0), 'oil')).toEqual([sample])
  expect(samplesOf(pointing(0), places)).toEqual([{ at: 0, ...sample }])
})

test.each([{ toString: [] }, 'length', '0', 0.5, -1, 1, null])('%j points at no tag', index => {
  expect(readingsOf(pointing(index), 'oil')).toEqual([])
  expect(samplesOf(pointing(index), places)).toEqual([])
})
