import { Accelerometer, blockSamples } from './accelerometer.ts'
import {
  type Bearing,
  createBearing,
  frictionTorque,
  soundWear,
  spindleBearing,
  stepBearing,
} from './bearing.ts'
import { createDrive, type Drive, stepDrive, synchronousRadS } from './drive.ts'
import { createRandom, type Random } from './random.ts'
import { measure } from './sensor.ts'

export type PressMode = 'running' | 'idle' | 'stopped'

export type PressSpec = {
  name: string
  ambientC: number
  /** Bearing wear at the start, 0..1, and its growth at rated speed. */
  wear: number
  wearPerS: number
  /** Strokes already done with the coil that is in. */
  coilStrokes: number
}

/** Spindle turns a stroke: 40 strokes a minute at 1,500 rpm. */
const gear = 37.5
const strokeEnergyJ = 8_000
const drawDepthM = 0.01
/** Sheets of the coil, mm; one in a hundred is too thick, and takes force and energy in proportion. */
const nominalMm = 2
const thickMm = 2.3
const thickShare = 0.01
/** Crank angles between which the ram works, in parts of a turn; bottom dead centre is at 0.5. */
const workStart = 0.38
const workEnd = 0.5
const workRad = (workEnd - workStart) * gear * 2 * Math.PI
/** The blow on the frame with which the material breaks. */
const breakG = 0.8
const strokesPerCoil = 160
const coilChangeS = 20

/**
 * A mechanical press: an induction motor drives a flywheel spindle, a clutch couples it to the crank, and the energy of
 * each stroke is drawn from the flywheel while the ram works. Every 160 strokes the press idles while its coil is changed.
 */
export class Press {
  readonly name: string
  readonly bearing: Bearing
  readonly drive: Drive
  /** What the press's controller shows, in the units of the plant folder; renewed by `measure()`. */
  readonly readings = {
    mode: 'running' as PressMode,
    motorCurrent: 0,
    spindleSpeed: 0,
    spindleTorque: 0,
    motorTemperature: 0,
    bearingTemperature: 0,
    strokeRate: 40,
    cycleTime: 1.5,
    ramForce: strokeEnergyJ / drawDepthM / 1_000,
    partCount: 0,
    sheetThickness: nominalMm,
  }
  /** The last complete block, g. */
  vibration: Float32Array = new Float32Array(blockSamples)
  readonly #random: Random
  readonly #sheets: Random
  readonly #accelerometer: Accelerometer
  readonly #ambientC: number
  #crank = 0
  #ramTorqueNm = 0
  #energyJ = strokeEnergyJ
  #coilStrokes: number
  #idleS = 0
  #sinceStrokeS = 0

  constructor(seed: number, spec: PressSpec) {
    this.name = spec.name
    this.#ambientC = spec.ambientC
    this.#coilStrokes = spec.coilStrokes
    this.#random = createRandom(seed, spec.name)
    this.#sheets = createRandom(seed, `${spec.name}/sheets`)
    this.#accelerometer = new Accelerometer(createRandom(seed, `${spec.name}/vibration`), spindleBearing)
    this.drive = createDrive(spec.ambientC)
    this.bearing = createBearing(spec.wear, spec.wearPerS, spec.ambientC, this.drive.speedRadS)
  }

  get mode(): PressMode {
    if (!this.drive.contactorClosed) return 'stopped'
    return this.#idleS > 0 || this.drive.speedRadS < 0.9 * synchronousRadS ? 'idle' : 'running'
  }

  /** The ram works: it loads the spindle and draws oil for the die cushion. */
  get working(): boolean {
    return this.mode === 'running' && this.#crank >= workStart && this.#crank < workEnd
  }

  /** Lets `dt` seconds pass. True in the step that completes a vibration block. */
  step(dt: number): boolean {
    this.#ramTorqueNm = this.#ramTorque()
    stepDrive(this.drive, dt, this.#ramTorqueNm + frictionTorque(this.bearing), this.#ambientC)
    stepBearing(this.bearing, dt, this.drive.speedRadS, this.#ambientC)
    const wasWorking = this.working
    this.#stepCrank(dt)
    const blow = wasWorking && !this.working ? breakG : 0
    const { speedRadS } = this.drive
    const block = this.#accelerometer.step(dt, { speedRadS, wear: this.bearing.wear, blow })
    if (block) this.vibration = block
    return block !== undefined
  }

  measure(): void {
    const { drive, readings } = this
    readings.mode = this.mode
    readings.motorCurrent = Math.max(0, this.#sense(drive.currentA, 0.05, 0.01))
    readings.spindleSpeed = Math.max(0, this.#sense((drive.speedRadS * 60) / (2 * Math.PI), 0.3, 0.1))
    readings.spindleTorque = this.#sense(this.#ramTorqueNm + frictionTorque(this.bearing), 1.5, 0.1)
    readings.motorTemperature = this.#sense(drive.temperatureC, 0.03, 0.1)
    readings.bearingTemperature = this.#sense(this.bearing.temperatureC, 0.03, 0.1)
  }

  /** Opens the main contactor, so that the flywheel runs down, or closes it again. */
  stop(stopped: boolean): void {
    this.drive.contactorClosed = !stopped
  }

  setWear(perS: number): void {
    this.bearing.wearPerS = perS
  }

  /** Puts in a new bearing, which does not wear. */
  repairBearing(): void {
    this.bearing.wear = soundWear
    this.bearing.wearPerS = 0
  }

  #sense(truth: number, noise: number, resolution: number): number {
    return measure(this.#random, { noise, resolution }, truth)
  }

  /** Half a sine over the work angle that adds up to the stroke's energy, Nm at the spindle. */
  #ramTorque(): number {
    if (!this.working) return 0
    const part = (this.#crank - workStart) / (workEnd - workStart)
    return ((this.#energyJ * Math.PI) / (2 * workRad)) * Math.sin(Math.PI * part)
  }

  #stepCrank(dt: number): void {
    if (this.mode !== 'running') {
      if (this.mode === 'idle') this.#idleS = Math.max(0, this.#idleS - dt)
      this.#sinceStrokeS = 0
      return
    }
    this.#sinceStrokeS += dt
    this.#crank += (this.drive.speedRadS / (2 * Math.PI) / gear) * dt
    if (this.#crank >= 1) this.#endStroke()
  }

  #endStroke(): void {
    this.#crank -= 1
    this.readings.partCount += 1
    this.readings.cycleTime = this.#sinceStrokeS
    this.readings.strokeRate = 60 / this.#sinceStrokeS
    this.readings.ramForce = this.#energyJ / drawDepthM / 1_000
    this.#sinceStrokeS = 0
    this.#feedSheet()
    this.#coilStrokes += 1
    if (this.#coilStrokes >= strokesPerCoil) this.#changeCoil()
  }

  /** Its thickness is gauged while it is fed, before the ram comes down on it. */
  #feedSheet(): void {
    const { readings } = this
    const meanMm = this.#sheets.uniform() < thickShare ? thickMm : nominalMm
    readings.sheetThickness = meanMm * (1 + 0.005 * this.#sheets.gaussian())
    this.#energyJ =
      strokeEnergyJ * (readings.sheetThickness / nominalMm) * (1 + 0.015 * this.#random.gaussian())
  }

  #changeCoil(): void {
    this.#coilStrokes = 0
    this.#idleS = coilChangeS * (0.9 + 0.2 * this.#random.uniform())
  }
}
