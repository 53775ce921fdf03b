import type { Random } from './random.ts'

/** What a measuring chain makes of a true value: noise (one standard deviation) and resolution, in the value's unit. */
export type SensorSpec = { noise: number; resolution: number }

export function measure(random: Random, spec: SensorSpec, truth: number): number {
  const noisy = truth + spec.noise * random.gaussian()
  return Math.round(noisy / spec.resolution) * spec.resolution
}

/** First-order lag towards `target` with time constant `tau` (s); exact for a target that is constant over `dt` (s). */
export function lag(value: number, target: number, dt: number, tau: number): number {
  return target + (value - target) * Math.exp(-dt / tau)
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value))
}
