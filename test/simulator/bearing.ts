import { clamp, lag } from './sensor.ts'

/** A rolling bearing as its data sheet gives it. */
export type BearingGeometry = {
  balls: number
  ballDiameterMm: number
  pitchDiameterMm: number
  contactAngleDeg: number
}

/** The spindle bearing of both presses: a 6205 deep groove ball bearing. */
export const spindleBearing: BearingGeometry = {
  balls: 9,
  ballDiameterMm: 7.94,
  pitchDiameterMm: 39.04,
  contactAngleDeg: 0,
}

/** Ball passes a shaft turn over a spot on the inner race (BPFI / shaft frequency), for a standing outer ring. */
export function innerRaceOrder(g: BearingGeometry): number {
  const ratio = (g.ballDiameterMm / g.pitchDiameterMm) * Math.cos((g.contactAngleDeg * Math.PI) / 180)
  return (g.balls / 2) * (1 + ratio)
}

/** Wear is the spalled part of the inner race's track: 0 is as new. It grows with the turns made. */
export type Bearing = {
  wear: number
  /** At rated speed. */
  wearPerS: number
  temperatureC: number
}

export const soundWear = 1e-5
const ratedSpeedRadS = (2 * Math.PI * 1_500) / 60

const ratedFrictionNm = 2.5
/** A track that is all spalled has three times the friction. */
const frictionOfWear = 2
const thermalResistanceKPerW = 0.045
const thermalTimeConstantS = 90

export function createBearing(wear: number, wearPerS: number, ambientC: number, speedRadS: number): Bearing {
  const bearing = { wear, wearPerS, temperatureC: ambientC }
  bearing.temperatureC = steadyTemperature(bearing, ambientC, speedRadS)
  return bearing
}

/** Friction torque on the shaft, Nm: a spall turns rolling into sliding. */
export function frictionTorque(bearing: Bearing): number {
  return ratedFrictionNm * (1 + frictionOfWear * bearing.wear)
}

/** Wear needs turning; friction becomes heat, heat becomes temperature with the housing's time constant. */
export function stepBearing(bearing: Bearing, dt: number, speedRadS: number, ambientC: number): void {
  bearing.wear = clamp(bearing.wear + bearing.wearPerS * (speedRadS / ratedSpeedRadS) * dt, 0, 1)
  const target = steadyTemperature(bearing, ambientC, speedRadS)
  bearing.temperatureC = lag(bearing.temperatureC, target, dt, thermalTimeConstantS)
}

function steadyTemperature(bearing: Bearing, ambientC: number, speedRadS: number): number {
  return ambientC + thermalResistanceKPerW * frictionTorque(bearing) * speedRadS
}
