import { DataType } from 'node-opcua-client'
import { sampleRateHz } from './accelerometer.ts'
import type { Press } from './press.ts'

/** One variable of a press in the OPC UA address space; its node id is `ns=1;s=<folder>.<name>`. */
export type PressPoint = {
  name: string
  dataType: DataType
  description: string
  read(press: Press): string | number | Float32Array
  /** Changes with each vibration block, not with each reading. */
  waveform?: true
}

export const pressPoints: readonly PressPoint[] = [
  {
    name: 'Mode',
    dataType: DataType.String,
    description: 'running, idle (coil change, run-up) or stopped (main contactor open)',
    read: press => press.readings.mode,
  },
  {
    name: 'MotorCurrent',
    dataType: DataType.Float,
    description: 'Main motor, one phase, A',
    read: press => press.readings.motorCurrent,
  },
  {
    name: 'SpindleSpeed',
    dataType: DataType.Float,
    description: 'Flywheel spindle, rpm',
    read: press => press.readings.spindleSpeed,
  },
  {
    name: 'SpindleTorque',
    dataType: DataType.Float,
    description: 'Load on the spindle, Nm',
    read: press => press.readings.spindleTorque,
  },
  {
    name: 'MotorTemperature',
    dataType: DataType.Float,
    description: 'Winding of the main motor, degrees Celsius',
    read: press => press.readings.motorTemperature,
  },
  {
    name: 'BearingTemperature',
    dataType: DataType.Float,
    description: 'Outer ring of the spindle bearing, degrees Celsius',
    read: press => press.readings.bearingTemperature,
  },
  {
    name: 'StrokeRate',
    dataType: DataType.Float,
    description: 'Of the last stroke, 1/min',
    read: press => press.readings.strokeRate,
  },
  {
    name: 'CycleTime',
    dataType: DataType.Float,
    description: 'Of the last stroke, s',
    read: press => press.readings.cycleTime,
  },
  {
    name: 'RamForce',
    dataType: DataType.Float,
    description: 'Highest of the last stroke, kN',
    read: press => press.readings.ramForce,
  },
  {
    name: 'SheetThickness',
    dataType: DataType.Float,
    description: 'Of the sheet that is in the die, gauged while it was fed, mm',
    read: press => press.readings.sheetThickness,
  },
  {
    name: 'PartCount',
    dataType: DataType.UInt32,
    description: 'Parts since the start',
    read: press => press.readings.partCount,
  },
  {
    name: 'SpindleVibration',
    dataType: DataType.Float,
    description: `Acceleration of the spindle bearing housing, g, one block at ${sampleRateHz} Hz`,
    read: press => press.vibration,
    waveform: true,
  },
]
