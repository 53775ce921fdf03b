/**
 * A machine of an ordinary plant, second by second, in which nothing is wrong: shifts, products, warming up and cooling
 * down, weather, wandering processes, noise, the resolution of its sensors; now and then a bad sample or a cut connection.
 */
import type { Tag } from '../../model/index.ts'
import { createRandom, type Random } from '../../test/simulator/random.ts'

export const products = ['product-a', 'product-b', 'product-c'] as const
type State = (typeof products)[number] | 'idle' | 'off'

type Reading = {
  readonly name: string
  readonly unit: string
  /** Level by the machine's load (0 off, 0.2 idle, 0.8 to 1 producing), and how much the weather moves it, a kelvin. */
  readonly base: number
  readonly perLoad: number
  readonly perKelvin: number
  /** First order lag, s. */
  readonly lag: number
  /** Standard deviation of the slow wandering (over ten minutes) and of the noise; step of the sensor. */
  readonly wander: number
  readonly noise: number
  readonly resolution: number
}

export const readings: readonly Reading[] = [
  {
    name: 'power',
    unit: 'kW',
    base: 1,
    perLoad: 40,
    perKelvin: 0,
    lag: 3,
    wander: 0.4,
    noise: 0.6,
    resolution: 0.1,
  },
  {
    name: 'temperature',
    unit: 'Cel',
    base: 18,
    perLoad: 45,
    perKelvin: 0.8,
    lag: 400,
    wander: 0.3,
    noise: 0.15,
    resolution: 0.1,
  },
  {
    name: 'pressure',
    unit: 'bar',
    base: 0.2,
    perLoad: 6,
    perKelvin: 0,
    lag: 5,
    wander: 0.04,
    noise: 0.05,
    resolution: 0.01,
  },
  {
    name: 'vibration',
    unit: 'mm/s',
    base: 0.1,
    perLoad: 2.4,
    perKelvin: 0,
    lag: 2,
    wander: 0.06,
    noise: 0.12,
    resolution: 0.01,
  },
]

export function tagsOf(asset: string): Tag[] {
  const measured = readings.map(({ name, unit }) => ({ asset, name, unit, class: 'telemetry' as const }))
  return [...measured, { asset, name: 'state', class: 'telemetry' }]
}

const loads: Readonly<Record<State, number>> = {
  off: 0,
  idle: 0.2,
  'product-a': 0.8,
  'product-b': 0.9,
  'product-c': 1,
}

export type Second = {
  readonly state: State
  /** One a reading; null where the connection is cut, NaN where the sensor failed for a moment. */
  readonly values: (number | null)[]
}

const daySeconds = 86_400

/** Seconds from a Monday 00:00 UTC on. The object is the same one every time. */
export function* machine(seed: number, seconds: number): Generator<Second> {
  const random = createRandom(seed, 'machine')
  const scale = readings.map(() => 0.7 + 0.6 * random.uniform())
  const shifts = 1 + Math.floor(3 * random.uniform())
  const plan = planOf(random, shifts)
  const smooth = readings.map(({ base }) => base)
  const wander = readings.map(() => 0)
  const values: (number | null)[] = readings.map(() => 0)
  let weather = 0
  let cutUntil = 0
  const at: { state: State; values: (number | null)[] } = { state: 'off', values }
  for (let s = 0; s < seconds; s++) {
    at.state = plan(s)
    const load = loads[at.state]
    weather += 3e-6 * -weather + 0.012 * random.gaussian()
    const ambient = weather + 5 * Math.sin((2 * Math.PI * (s - 9 * 3_600)) / daySeconds)
    if (random.uniform() < 1 / daySeconds) cutUntil = s + 20 + 1_000 * random.uniform()
    for (let i = 0; i < readings.length; i++) {
      const one = readings[i]!
      const target = one.base + scale[i]! * one.perLoad * load + one.perKelvin * ambient
      smooth[i]! += (target - smooth[i]!) / (s === 0 ? 1 : one.lag)
      wander[i]! += -wander[i]! / 600 + one.wander * Math.sqrt(2 / 600) * random.gaussian()
      const stirred = load > 0 ? wander[i]! : 0.1 * wander[i]!
      const value = smooth[i]! + stirred + one.noise * (0.3 + load) * random.gaussian()
      values[i] = Math.round(value / one.resolution) * one.resolution
    }
    if (s < cutUntil) values.fill(null)
    else if (random.uniform() < 1e-5) values[s % readings.length] = Number.NaN
    yield at
  }
}

/** Works in its shifts from Monday to Friday (three shifts: Saturday too), idle in breaks, a product for hours. */
function planOf(random: Random, shifts: number): (s: number) => State {
  let product: State = products[0]
  let changeAt = 0
  return s => {
    const day = Math.floor(s / daySeconds) % 7
    const hour = (s % daySeconds) / 3_600
    if (day === 6 || (day === 5 && shifts < 3) || hour < 6 || hour >= 6 + 8 * Math.min(shifts, 2)) {
      if (shifts < 3 || day === 6) return 'off'
    }
    if (s >= changeAt) {
      changeAt = s + 3_600 * (3 + 9 * random.uniform())
      product = products[Math.floor(products.length * random.uniform())]!
    }
    return hour % 8 >= 4 && hour % 8 < 4.5 ? 'idle' : product
  }
}
