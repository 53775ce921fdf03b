/** What examples/plantdata.py makes of telemetry, in pandas, is what the processors make of it. */
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { TelemetryRecord } from '../../model/index.ts'
import { newFeatureState, stepFeatures } from '../../processors/learning/features.ts'
import { livesOf } from '../../processors/learning/lives.ts'
import { trainingPlan } from '../../processors/remaining-life/plan.ts'
import { needs, python } from '../needs.ts'
import { failedAt, lifeOf, pump, recordAt, trainedOn } from '../processors/remaining-life-fleet.ts'

const fleet = [1, 2, 3]

/** With what real telemetry has: bad and missing samples, outliers, several samples a span, a settings change. */
function spoilt(number: number, age: number): TelemetryRecord {
  const record = recordAt(number, age)
  if (age % 17 === 5) record.status[0] = 0x80050000
  if (age % 23 === 7) record.value[1] = 400
  if (age % 29 === 9) record.value[3] = 2_200
  if (age % 31 === 11) record.value[0] = 'NaN'
  const more = age % 13 === 3
  const again = (column: readonly unknown[], shift = 0) => [
    ...column,
    ...column.map(value => (typeof value === 'number' ? value + shift : value)),
  ]
  if (!more) return record
  return {
    ...record,
    tag: again(record.tag) as number[],
    t: again(record.t, 60_000_000) as number[],
    value: again(record.value),
    status: again(record.status) as number[],
  }
}

test('the features of the examples are those of the processors', context => {
  needs(context, 'python')
  const spec = trainedOn([1, 2, 3, 4, 5, 6]).features
  const records = fleet.flatMap(number =>
    Array.from({ length: lifeOf(number) }, (_, i) => spoilt(number, i + 1)),
  )
  const labels = fleet.map(failedAt)
  const plan = trainingPlan('pump', [pump(1)], 'trees')
  const lives = livesOf(labels, id => plan.gathering(pump(Number(id.split('-').at(-1)))))
  for (const record of records) lives.add(record)
  const script = join(import.meta.dirname, 'features.py')
  const input = JSON.stringify({ spec, records, labels })
  const theirs = JSON.parse(
    execFileSync(python, [script], { input, encoding: 'utf8', maxBuffer: 1 << 28 }),
  ) as { index: number[]; rows: number[][] }[]
  const { runs } = lives.ended()
  expect(theirs).toHaveLength(fleet.length)
  for (const [i, { observations }] of runs.entries()) {
    const state = newFeatureState(spec)
    let taken = 0
    const ours = observations.flatMap(({ values }, at) => {
      const features = stepFeatures(state, values, spec)
      const isTaken = state.taken > taken
      taken = state.taken
      return features.ok && isTaken ? [{ at, row: Array.from(features.row) }] : []
    })
    expect(theirs[i]!.index).toEqual(ours.map(({ at }) => at))
    expect(ours.length).toBeLessThan(observations.length)
    for (const [n, { row }] of ours.entries())
      for (const [column, value] of row.entries()) expect(theirs[i]!.rows[n]![column]).toBeCloseTo(value, 9)
  }
})
