import { createRandom, type Random } from './random.ts'
import { clamp, lag, measure } from './sensor.ts'

export const zoneHeatCapacityKJPerK = 180
/** Through the lining to the hall. */
export const wallKWPerK = 0.022
const neighbourKWPerK = 0.05
const maxPowerKW = 50
const elementTimeConstantS = 20
const thermocoupleTimeConstantS = 5
/** PI controller of each zone: gain in parts of full power a kelvin, reset time in s. */
const gain = 0.03
const resetS = 300
/** Setpoint program, repeated: ramp to a temperature at 0.1 K/s, then hold it. */
const program = [
  { targetC: 820, holdS: 1_200 },
  { targetC: 850, holdS: 1_200 },
]
const rampKPerS = 0.1
/** Loading: the door of zone 1 opens, and a cold charge takes the place of the hot one. */
const chargeIntervalS = 90
const doorOpenS = 6
const doorKW = 12
const chargeKJPerK = 1.5
const chargeKWPerK = 0.02

export type Zone = {
  temperatureC: number
  /** Power that the heating elements give to the zone, kW. */
  heatKW: number
  /** Power the controller asks for, 0..1. */
  output: number
  /** What the thermocouple shows. */
  shownC: number
  integral: number
}

/** A three-zone electric hardening furnace: heat capacity, losses, PI control, a setpoint program, a door and its charges. */
export class Furnace {
  readonly zones: readonly [Zone, Zone, Zone]
  setpointC = program[0]!.targetC
  charges = 0
  doorOpen = false
  /** Manual output of all zones, 0..1, in place of the controllers; undefined is automatic. */
  manual: number | undefined
  readonly readings = {
    setpoint: 0,
    temperature: [0, 0, 0] as [number, number, number],
    output: [0, 0, 0] as [number, number, number],
    /** The largest deviation of a zone from its setpoint, K, with its sign. */
    deviation: 0,
    doorOpen: false,
    programStep: 1,
    charges: 0,
    energyKWh: 0,
  }
  readonly #random: Random
  readonly #ambientC: number
  #chargeC: number
  #sinceChargeS = 0
  #programStep = 0
  #heldS = 0
  #energyKJ = 0

  /** @param startC temperature of all zones at the start; the controllers start settled there */
  constructor(seed: number, name: string, ambientC: number, startC = program[0]!.targetC) {
    this.#random = createRandom(seed, name)
    this.#ambientC = ambientC
    this.#chargeC = 0.9 * startC
    const zone = (): Zone => {
      const heatKW = wallKWPerK * (startC - ambientC)
      const output = heatKW / maxPowerKW
      return { temperatureC: startC, heatKW, output, shownC: startC, integral: output }
    }
    this.zones = [zone(), zone(), zone()]
    this.zones[0].integral += 0.14
  }

  step(dt: number): void {
    this.#stepProgram(dt)
    this.#stepDoor(dt)
    const [first, middle, last] = this.zones
    const flowForward = neighbourKWPerK * (first.temperatureC - middle.temperatureC)
    const flowOn = neighbourKWPerK * (middle.temperatureC - last.temperatureC)
    const toCharge = chargeKWPerK * (first.temperatureC - this.#chargeC)
    this.#chargeC += (toCharge / chargeKJPerK) * dt
    this.#stepZone(first, dt, flowForward + toCharge + (this.doorOpen ? doorKW : 0))
    this.#stepZone(middle, dt, flowOn - flowForward)
    this.#stepZone(last, dt, -flowOn)
  }

  /** Heat balance of one zone: elements in, walls and `lossKW` out. */
  #stepZone(zone: Zone, dt: number, lossKW: number): void {
    zone.output = this.manual ?? control(zone, this.setpointC, dt)
    zone.heatKW = lag(zone.heatKW, zone.output * maxPowerKW, dt, elementTimeConstantS)
    const wallKW = wallKWPerK * (zone.temperatureC - this.#ambientC)
    zone.temperatureC += ((zone.heatKW - wallKW - lossKW) / zoneHeatCapacityKJPerK) * dt
    zone.shownC = lag(zone.shownC, zone.temperatureC, dt, thermocoupleTimeConstantS)
    this.#energyKJ += zone.output * maxPowerKW * dt
  }

  #stepProgram(dt: number): void {
    const { targetC, holdS } = program[this.#programStep]!
    const away = targetC - this.setpointC
    this.setpointC += clamp(away, -rampKPerS * dt, rampKPerS * dt)
    if (away !== 0) return
    this.#heldS += dt
    if (this.#heldS < holdS) return
    this.#heldS = 0
    this.#programStep = (this.#programStep + 1) % program.length
  }

  #stepDoor(dt: number): void {
    this.#sinceChargeS += dt
    this.doorOpen = this.#sinceChargeS >= chargeIntervalS - doorOpenS
    if (this.#sinceChargeS < chargeIntervalS) return
    this.#sinceChargeS = 0
    this.#chargeC = this.#ambientC
    this.charges += 1
  }

  /** Opens the heating's contactor. */
  stop(stopped: boolean): void {
    this.manual = stopped ? 0 : undefined
  }

  measure(): void {
    const { readings, zones } = this
    readings.setpoint = this.setpointC
    for (const index of [0, 1, 2] as const) {
      readings.temperature[index] = measure(
        this.#random,
        { noise: 0.1, resolution: 0.1 },
        zones[index].shownC,
      )
      readings.output[index] = 100 * zones[index].output
    }
    const deviations = readings.temperature.map(shown => shown - this.setpointC)
    readings.deviation = deviations.reduce((worst, d) => (Math.abs(d) > Math.abs(worst) ? d : worst))
    readings.doorOpen = this.doorOpen
    readings.programStep = this.#programStep + 1
    readings.charges = this.charges
    readings.energyKWh = this.#energyKJ / 3_600
  }
}

/** PI control that stops integrating while its output is at a bound. */
function control(zone: Zone, setpointC: number, dt: number): number {
  const error = setpointC - zone.shownC
  const wanted = gain * error + zone.integral
  const output = clamp(wanted, 0, 1)
  if (output === wanted) zone.integral += ((gain * error) / resetS) * dt
  return output
}
