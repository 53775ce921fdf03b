import type { FeatureSpec } from '../../model/index.ts'
import { nearestCentre, regimeCentres, scaled } from './regimes.ts'

/** What is fixed before training looks at any value. */
export type FeaturePlan = Pick<FeatureSpec, 'inputs' | 'settings' | 'units' | 'everyMs' | 'holdMs' | 'memory'>

/** Of the range seen in training, so much more on either side is still plausible. */
const margin = 0.5
/** An input that varies by less, relative to its size, does not change. */
const still = 1e-6

/** Regimes, and how inputs look in them, from complete observations: inputs, then settings. */
export function fitSpec(plan: FeaturePlan, observations: readonly (readonly number[])[]): FeatureSpec {
  const inputs = plan.inputs.length
  const settings = observations.map(values => values.slice(inputs))
  const scale = plan.settings.map((_, i) => spreadOf(settings.map(values => values[i]!)))
  const points = settings.map(values => scaled(values, scale))
  const centres = regimeCentres(points)
  const member = points.map(point => nearestCentre(centres, point))
  const regimes = centres.map(({ centre }, at) => ({
    centre,
    ...tableOf(
      observations.filter((_, i) => member[i]!.at === at),
      inputs,
    ),
    radius: 0.1 + 2 * Math.max(0, ...member.filter(m => m.at === at).map(m => m.distance)),
  }))
  const used = plan.inputs.flatMap((_, i) => (regimes.some(({ deviation }) => deviation[i]! > 0) ? [i] : []))
  return { ...plan, scale, regimes, used }
}

/** The range, as a scale: robust enough for settings, which are chosen and not measured. Never 0. */
function spreadOf(values: readonly number[]): number {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const size = Math.max(Math.abs(low), Math.abs(high), 1e-9)
  return high - low > 1e-2 * size ? high - low : size
}

type Table = Pick<FeatureSpec['regimes'][number], 'mean' | 'deviation' | 'low' | 'high'>

function tableOf(rows: readonly (readonly number[])[], inputs: number): Table {
  const table: Table = { mean: [], deviation: [], low: [], high: [] }
  for (let i = 0; i < inputs; i++) {
    const { mean, deviation, low, high } = columnOf(rows, i)
    const room = margin * (high - low) + 0.01 * Math.abs(mean) + 3 * deviation
    table.mean.push(mean)
    table.deviation.push(deviation > still * Math.max(Math.abs(mean), 1e-9) ? deviation : 0)
    table.low.push(low - room)
    table.high.push(high + room)
  }
  return table
}

function columnOf(rows: readonly (readonly number[])[], column: number) {
  let sum = 0
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const row of rows) {
    const value = row[column]!
    sum += value
    low = Math.min(low, value)
    high = Math.max(high, value)
  }
  const mean = sum / rows.length
  let squares = 0
  for (const row of rows) squares += (row[column]! - mean) ** 2
  return { mean, deviation: Math.sqrt(squares / rows.length), low, high }
}
