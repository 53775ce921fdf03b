import { type BearingGeometry, innerRaceOrder } from './bearing.ts'
import type { Random } from './random.ts'
import { resonator } from './resonator.ts'

export const sampleRateHz = 12_800
/** One block: 1.28 s. */
export const blockSamples = 16_384
/** From the start of one block to the start of the next, s. */
export const blockIntervalS = 2

/** What the spindle does while samples are taken. */
export type Excitation = {
  speedRadS: number
  /** Bearing wear, 0..1. */
  wear: number
  /** Strength of the blow with which the material breaks in this step, g; 0 for none. */
  blow: number
}

const ratedSpeedRadS = (2 * Math.PI * 1_500) / 60
const sensorNoiseG = 0.03
const rollingNoiseG = 0.02
/** Of the strongest blow when the race is spalled. */
const spallG = 2.5
/** Random slip of the cage, one standard deviation as a part of the time between two ball passes. */
const cageSlip = 0.003

/**
 * An acceleration sensor on the bearing housing. The signal is unbalance and misalignment (shaft orders 1 to 3), the
 * motor's hum at twice the mains frequency, sensor noise, and what rings in the housing: rolling noise, and one blow
 * each time a ball meets the spall on the inner race. Those come at the ball pass frequency with the random slip of
 * the cage, and are strongest where the spall passes the load zone, once a turn (Randall and Antoni 2011, 2.2).
 * Their strength follows the depth to which a ball falls into the spall, which grows more slowly than its area.
 */
export class Accelerometer {
  readonly #random: Random
  readonly #order: number
  readonly #housing = resonator(sampleRateHz, 3_400, 0.03)
  readonly #frame = resonator(sampleRateHz, 420, 0.05)
  #clock = 0
  #shaftRad = 0
  #ballsUntilSpall = 1
  #block = new Float32Array(blockSamples)
  #filled = 0
  #sinceStart = 0

  constructor(random: Random, geometry: BearingGeometry) {
    this.#random = random
    this.#order = innerRaceOrder(geometry)
  }

  /** Lets `dt` seconds pass at one speed. Gives a block (g) in the step that completes it. */
  step(dt: number, excitation: Excitation): Float32Array | undefined {
    const finished = this.#filled < blockSamples ? this.#record(dt, excitation) : this.#rest(dt, excitation)
    this.#sinceStart += dt
    if (this.#sinceStart > blockIntervalS - dt / 2) {
      this.#sinceStart = 0
      this.#filled = 0
    }
    return finished
  }

  #record(dt: number, excitation: Excitation): Float32Array | undefined {
    const count = Math.min(Math.round(dt * sampleRateHz), blockSamples - this.#filled)
    for (let i = 0; i < count; i++) {
      this.#block[this.#filled++] = this.#sample(excitation, i === 0 ? excitation.blow : 0)
    }
    if (this.#filled < blockSamples) return undefined
    const finished = this.#block
    this.#block = new Float32Array(blockSamples)
    return finished
  }

  /** The sensor rests between blocks; the shaft turns on. */
  #rest(dt: number, { speedRadS }: Excitation): undefined {
    this.#shaftRad = (this.#shaftRad + speedRadS * dt) % (2 * Math.PI)
    this.#clock += dt
  }

  #sample(excitation: Excitation, blow: number): number {
    const turn = excitation.speedRadS / (2 * Math.PI) / sampleRateHz
    this.#shaftRad = (this.#shaftRad + 2 * Math.PI * turn) % (2 * Math.PI)
    this.#clock += 1 / sampleRateHz
    const pace = excitation.speedRadS / ratedSpeedRadS
    const rolling = rollingNoiseG * pace * this.#random.gaussian()
    return (
      pace ** 2 * this.#shaftOrders() +
      0.015 * pace * Math.sin(2 * Math.PI * 100 * this.#clock) +
      sensorNoiseG * this.#random.gaussian() +
      this.#housing(rolling + this.#spall(turn, Math.sqrt(excitation.wear) * pace ** 2)) +
      this.#frame(blow)
    )
  }

  #shaftOrders(): number {
    const angle = this.#shaftRad
    return 0.06 * Math.sin(angle) + 0.03 * Math.sin(2 * angle + 1) + 0.01 * Math.sin(3 * angle + 2)
  }

  #spall(turn: number, strength: number): number {
    this.#ballsUntilSpall -= this.#order * turn
    if (this.#ballsUntilSpall > 0) return 0
    this.#ballsUntilSpall += 1 + cageSlip * this.#random.gaussian()
    const loadZone = 0.5 + 0.5 * Math.cos(this.#shaftRad)
    return spallG * strength * loadZone * (1 + 0.1 * this.#random.gaussian())
  }
}
