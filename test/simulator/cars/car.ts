import { createRandom, type Random } from '../random.ts'

const wheels = ['1_1', '1_2', '2_1', '2_2'] as const
export type Wheel = (typeof wheels)[number]

/**
 * The fault modes of the connected-car demo: an engine that vibrates with 150 in place of 100 times the speed, a tyre
 * with 20 to 25 psi in place of 30 to 34, a wheel whose accelerometer shows up to 7 in place of up to 1.
 */
export type CarFault = {
  readonly kind: 'engine-vibration' | 'tire-pressure' | 'accelerometer'
  /** Not of the engine. */
  readonly wheel: Wheel
  /** Seconds since the start; it lasts. */
  readonly fromS: number
}

/** What a car sends: the fields of the demo's recording by their names there. */
export type CarSample = { readonly [field: string]: number }

const topSpeed = 45
const psi = { low: 20, span: 5 }

/** One electric car in town and on the motorway; no clock, no randomness but its seed. Units as in the recording. */
export class Car {
  readonly name: string
  readonly fault: CarFault | undefined
  readonly #random: Random
  readonly #ambientC: number
  readonly #psi: readonly number[]
  readonly #firmware: number
  #elapsedS = 0
  #speed: number
  #target = 0
  #targetS = 0
  #throttle = 0.2
  #coolantC: number
  #charge: number

  constructor(seed: number, name: string, fault?: CarFault) {
    this.name = name
    this.fault = fault
    this.#random = createRandom(seed, name)
    const between = (low: number, high: number) => low + (high - low) * this.#random.uniform()
    this.#ambientC = between(15, 30)
    this.#psi = wheels.map(() => between(31, 33))
    this.#firmware = this.#random.uniform() < 0.5 ? 1_000 : 2_000
    this.#speed = between(0, topSpeed)
    this.#coolantC = between(45, 60)
    this.#charge = between(0.6, 0.95)
  }

  /** Lets `dt` seconds pass, at most a few. */
  step(dt: number): void {
    this.#elapsedS += dt
    this.#targetS -= dt
    if (this.#targetS <= 0) {
      this.#targetS = 5 + 15 * this.#random.uniform()
      this.#target = topSpeed * this.#random.uniform()
    }
    const wanted = (this.#target - this.#speed) / dt
    const acceleration = Math.max(-4, Math.min(3, wanted))
    this.#speed = Math.max(0, this.#speed + acceleration * dt)
    const load = 0.05 + 0.45 * (this.#speed / topSpeed) ** 2 + 0.25 * Math.max(0, acceleration)
    this.#throttle += (load - this.#throttle) * Math.min(1, dt / 2)
    this.#coolantC += ((this.#ambientC + 20 + 60 * this.#throttle - this.#coolantC) * dt) / 90
    this.#charge = Math.max(0.05, this.#charge - (this.#current * dt) / (120 * 3_600))
  }

  get isFaulty(): boolean {
    return this.fault !== undefined && this.#elapsedS >= this.fault.fromS
  }

  /** `time` is ms UTC. */
  sample(time: number): CarSample {
    const speed = Math.max(0, this.#noisy(this.#speed, 0.1))
    const shake = this.#has('engine-vibration') ? 150 : 100
    return {
      time,
      coolant_temp: this.#noisy(this.#coolantC, 0.3),
      intake_air_temp: this.#noisy(this.#ambientC + 3 * (1 - this.#speed / topSpeed), 0.3),
      intake_air_flow_speed: Math.max(0, this.#noisy(5 + 180 * this.#throttle, 2)),
      battery_percentage: this.#noisy(this.#charge, 0.002),
      battery_voltage: this.#noisy(204 + 56 * this.#charge - 0.1 * this.#current, 0.3),
      current_draw: Math.max(0, this.#noisy(this.#current, 0.5)),
      speed,
      engine_vibration_amplitude: Math.max(0, this.#noisy(shake * this.#speed * this.#noisy(1, 0.02), 8)),
      throttle_pos: Math.max(0, Math.min(1, this.#noisy(this.#throttle, 0.01))),
      ...this.#atWheels(),
      control_unit_firmware: this.#firmware,
    }
  }

  get #current(): number {
    return 1 + 70 * this.#throttle * (0.2 + this.#speed / topSpeed)
  }

  #has(kind: CarFault['kind'], wheel?: Wheel): boolean {
    const { fault } = this
    return this.isFaulty && fault!.kind === kind && (wheel === undefined || fault!.wheel === wheel)
  }

  #atWheels(): CarSample {
    const roughness = 0.1 + 0.5 * (this.#speed / topSpeed)
    return Object.fromEntries(
      wheels.flatMap((wheel, i) => {
        const low = this.#has('tire-pressure', wheel)
        const pressure = low ? psi.low + psi.span * this.#random.uniform() : this.#noisy(this.#psi[i]!, 0.5)
        const shaking = roughness * (0.4 + 1.2 * this.#random.uniform())
        return [
          [`tire_pressure_${wheel}`, Math.round(pressure)],
          [`accelerometer_${wheel}_value`, this.#has('accelerometer', wheel) ? 7 * shaking : shaking],
        ]
      }),
    )
  }

  #noisy(value: number, noise: number): number {
    return Number((value + noise * this.#random.gaussian()).toPrecision(6))
  }
}

/** The field by which a fault shows, as its tag is called. */
export function tagOfFault({ kind, wheel }: CarFault): string {
  const field = {
    'engine-vibration': 'engine_vibration_amplitude',
    'tire-pressure': `tire_pressure_${wheel}`,
  }
  const name = kind === 'accelerometer' ? `accelerometer_${wheel}_value` : field[kind]
  return name.replaceAll('_', '-')
}

export type FaultPlan = {
  /** Share of the cars that get a fault. */
  readonly share: number
  /** Faults begin between these, s since the start. */
  readonly firstS: number
  readonly lastS: number
}

/** The same seed gives the same cars with the same faults. */
export function fleetOf(seed: number, names: readonly string[], plan: FaultPlan): Car[] {
  const random = createRandom(seed, 'fleet')
  const order = names.map(name => ({ name, at: random.uniform() })).sort((a, b) => a.at - b.at)
  const faulty = new Set(order.slice(0, Math.round(plan.share * names.length)).map(({ name }) => name))
  const pick = <T>(of: readonly T[]): T => of[Math.floor(random.uniform() * of.length)]!
  return names.map(name => {
    const fault: CarFault = {
      kind: pick(['engine-vibration', 'tire-pressure', 'accelerometer'] as const),
      wheel: pick(wheels),
      fromS: Math.round(plan.firstS + (plan.lastS - plan.firstS) * random.uniform()),
    }
    return new Car(seed, name, faulty.has(name) ? fault : undefined)
  })
}
