import type { Micros } from '../../model/index.ts'
import { rpmAt, type Speed } from './speed.ts'

/** A block sampled at equal angles of the shaft. `rateHz` is its samples a turn times the mean speed `rpm`. */
export type Turned = { readonly samples: Float32Array; readonly rateHz: number; readonly rpm: number }

/** The speed is looked up so often, in samples, and taken as straight between. */
const stride = 32

/**
 * Computed order tracking: resamples a block whose shaft changed speed to equal angles, so that what follows the shaft
 * stands in one line again. It ends with the last reading of the speed: beyond, the angle would be a guess.
 * As many samples a turn as the slowest turn has, or more: nothing folds back.
 */
export function atEqualAngles(
  samples: Float32Array,
  rateHz: number,
  startMicros: Micros,
  { readings }: Speed,
): Turned {
  const last = readings.at(-1)!.t
  const covered = Math.min(samples.length, Math.floor(((last - startMicros) / 1e6) * rateHz) + 1)
  const known = samples.subarray(0, Math.max(0, covered))
  if (known.length < 2) return { samples: new Float32Array(0), rateHz, rpm: readings.at(-1)!.rpm }
  const turns = turnsAt(known.length, rateHz, startMicros, readings)
  const total = turns[known.length - 1]!
  const slowest = Math.min(...readings.map(({ rpm }) => rpm))
  const perTurn = (rateHz * 60) / Math.max(slowest, Number.MIN_VALUE)
  const seconds = (known.length - 1) / rateHz
  const meanHz = total / seconds
  const count = Math.min(Math.floor(total * perTurn) + 1, 8 * known.length)
  return { samples: resampled(known, turns, count, perTurn), rateHz: perTurn * meanHz, rpm: meanHz * 60 }
}

/** Turns of the shaft since the first sample, at every sample: the integral of the speed, by the trapezoidal rule. */
function turnsAt(
  length: number,
  rateHz: number,
  startMicros: Micros,
  readings: Speed['readings'],
): Float64Array {
  const perSample = (i: number) => rpmAt(readings, startMicros + (i / rateHz) * 1e6) / 60 / rateHz
  const turns = new Float64Array(length)
  for (let i = 0; i < length - 1; i += stride) {
    const end = Math.min(length - 1, i + stride)
    const from = perSample(i)
    const slope = (perSample(end) - from) / (end - i)
    for (let k = i; k < end; k++) turns[k + 1] = turns[k]! + from + slope * (k - i + 0.5)
  }
  return turns
}

/** Cubic interpolation (Catmull-Rom) of the samples at equal steps of the angle. */
function resampled(samples: Float32Array, turns: Float64Array, count: number, perTurn: number): Float32Array {
  const out = new Float32Array(count)
  const last = samples.length - 1
  let at = 0
  for (let k = 0; k < count; k++) {
    const turn = k / perTurn
    while (at < last - 1 && turns[at + 1]! <= turn) at++
    const x = Math.min(1, (turn - turns[at]!) / (turns[at + 1]! - turns[at]!))
    const p0 = samples[Math.max(0, at - 1)]!
    const p1 = samples[at]!
    const p2 = samples[at + 1]!
    const p3 = samples[Math.min(last, at + 2)]!
    out[k] = p1 + 0.5 * x * (p2 - p0 + x * (2 * p0 - 5 * p1 + 4 * p2 - p3 + x * (3 * (p1 - p2) + p3 - p0)))
  }
  return out
}
