import { clamp, lag } from './sensor.ts'

/** An 11 kW four-pole induction motor on a flywheel spindle. */
export type Drive = {
  contactorClosed: boolean
  speedRadS: number
  torqueNm: number
  currentA: number
  temperatureC: number
}

export const synchronousRadS = (2 * Math.PI * 1_500) / 60
/** 70 Nm at 2 % slip, as torque a rad/s of slip (Nm s): the straight part of the motor's curve. */
const slipStiffness = 22
const breakdownTorqueNm = 180
const flywheelKgM2 = 40
const magnetisingA = 8
const torquePerAmpere = 3.6
const ratedCurrentA = 21
const ratedRiseK = 55
const windingTimeConstantS = 900
/** Seals, fan and belt. */
const otherFrictionNm = 9

export function createDrive(ambientC: number): Drive {
  const currentA = 12.5
  return {
    contactorClosed: true,
    speedRadS: synchronousRadS * 0.99,
    torqueNm: 22 * 1.57,
    currentA,
    temperatureC: ambientC + ratedRiseK * (currentA / ratedCurrentA) ** 2,
  }
}

/** Newton's law for the flywheel; copper losses heat the winding with its time constant. */
export function stepDrive(drive: Drive, dt: number, loadNm: number, ambientC: number): void {
  const slip = drive.contactorClosed ? synchronousRadS - drive.speedRadS : 0
  drive.torqueNm = clamp(slipStiffness * slip, 0, breakdownTorqueNm)
  const friction = drive.speedRadS > 0 ? otherFrictionNm : 0
  const acceleration = (drive.torqueNm - friction - loadNm) / flywheelKgM2
  drive.speedRadS = Math.max(0, drive.speedRadS + acceleration * dt)
  drive.currentA = Math.hypot(drive.contactorClosed ? magnetisingA : 0, drive.torqueNm / torquePerAmpere)
  const rise = ratedRiseK * (drive.currentA / ratedCurrentA) ** 2
  drive.temperatureC = lag(drive.temperatureC, ambientC + rise, dt, windingTimeConstantS)
}
