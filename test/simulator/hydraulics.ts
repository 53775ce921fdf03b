import { createRandom, type Random } from './random.ts'
import { clamp, lag, measure } from './sensor.ts'

/** The controller took over the counter of the pump before it. */
const countedBeforeS = 412 * 3_600
const setpointBar = 160
/** Swash plate: flow a bar below the setpoint (l/min), full flow (l/min), time constant (s). */
const flowPerBar = 12
const fullFlow = 60
const swashTimeConstantS = 0.08
/** Of a new pump, l/min a bar. */
const newLeakage = 0.025
/** Oil that the accumulator takes up a bar, l. */
const accumulatorLPerBar = 0.06
const cushionFlow = 30
const oilHeatCapacityKJPerK = 198
const coolingWaterC = 20
/** The thermostat opens the cooler between these oil temperatures. */
const coolerOpensC = 45
const coolerOpenC = 55
const coolerKWPerK = 0.15
const tankKWPerK = 0.04
/** Bar and l/min make watts: 1 bar l/min = 1/600 kW. */
const barLMinPerKW = 600

export type HydraulicsState = {
  running: boolean
  pressureBar: number
  pumpFlow: number
  /** Leakage past the pump's clearances, l/min a bar; wear widens them. */
  leakage: number
  wearPerS: number
  oilTemperatureC: number
  filterBar: number
}

/** A pressure-compensated axial piston pump with accumulator, tank and thermostat cooler: it feeds the presses' die cushions. */
export class Hydraulics {
  readonly state: HydraulicsState
  readonly readings = {
    running: true,
    pressure: 0,
    flow: 0,
    oilTemperature: 0,
    leakageFlow: 0,
    filterPressure: 0,
    motorPower: 0,
    runningSeconds: countedBeforeS,
  }
  readonly #random: Random
  readonly #ambientC: number
  #runningS = 0

  constructor(seed: number, name: string, ambientC: number) {
    this.#random = createRandom(seed, name)
    this.#ambientC = ambientC
    this.state = {
      running: true,
      pressureBar: setpointBar,
      pumpFlow: 4,
      leakage: newLeakage,
      wearPerS: 0.05 / 3_600,
      oilTemperatureC: 47.8,
      filterBar: 0.8,
    }
  }

  get leakageFlow(): number {
    return this.state.leakage * this.state.pressureBar
  }

  /** kW at the shaft: what leaves as pressurised oil, churning, and 10 % for friction. */
  get shaftKW(): number {
    if (!this.state.running) return 0
    return 0.6 + (1.1 * this.state.pressureBar * this.state.pumpFlow) / barLMinPerKW
  }

  /** @param demand share of the cushions' flow that is drawn now, 0 for none, 2 for both presses */
  step(dt: number, demand: number): void {
    const { state } = this
    const wanted = state.running
      ? clamp((setpointBar - state.pressureBar + 4 / flowPerBar) * flowPerBar, 0, fullFlow)
      : 0
    state.pumpFlow = lag(state.pumpFlow, wanted, dt, swashTimeConstantS)
    const drawn = state.pressureBar > 10 ? demand * cushionFlow : 0
    const surplus = state.pumpFlow - this.leakageFlow - drawn
    state.pressureBar = Math.max(0, state.pressureBar + ((surplus / 60) * dt) / accumulatorLPerBar)
    state.oilTemperatureC += (this.#heatKW(drawn) / oilHeatCapacityKJPerK) * dt
    if (!state.running) return
    this.#runningS += dt
    state.leakage += newLeakage * state.wearPerS * dt
    state.filterBar += 2e-6 * dt
  }

  /** Oil that is throttled, leaks or is churned heats the tank; tank wall and cooler take heat away. */
  #heatKW(drawn: number): number {
    const { oilTemperatureC, pressureBar } = this.state
    const delivered = (0.7 * drawn * pressureBar) / barLMinPerKW
    const opening = clamp((oilTemperatureC - coolerOpensC) / (coolerOpenC - coolerOpensC), 0, 1)
    const cooler = opening * coolerKWPerK * (oilTemperatureC - coolingWaterC)
    return this.shaftKW - delivered - cooler - tankKWPerK * (oilTemperatureC - this.#ambientC)
  }

  stop(stopped: boolean): void {
    this.state.running = !stopped
  }

  /** @param perS leakage that is added each second, as a part of that of a new pump */
  setWear(perS: number): void {
    this.state.wearPerS = perS
  }

  measure(): void {
    const { readings, state } = this
    readings.running = state.running
    readings.pressure = this.#sense(state.pressureBar, 0.1, 0.01)
    readings.flow = Math.max(0, this.#sense(state.pumpFlow, 0.05, 0.01))
    readings.oilTemperature = this.#sense(state.oilTemperatureC, 0.03, 0.05)
    readings.leakageFlow = Math.max(0, this.#sense(this.leakageFlow, 0.02, 0.01))
    readings.filterPressure = this.#sense(state.filterBar, 0.005, 0.01)
    readings.motorPower = this.#sense(this.shaftKW, 0.02, 0.01)
    readings.runningSeconds = Math.floor(countedBeforeS + this.#runningS)
  }

  #sense(truth: number, noise: number, resolution: number): number {
    return measure(this.#random, { noise, resolution }, truth)
  }
}
