import type { Address } from '../../connectors/s7/address.ts'
import { MillraceError } from '../../model/index.ts'
import type { DemoPlant } from './plant.ts'

/** One point of the utilities' controller: an S7-300 with standard (not optimised) data blocks, big endian. */
export type S7Point = {
  /** In the syntax of the plant folder: DB10,REAL2. */
  address: string
  read(plant: DemoPlant): number | boolean
}

/** DB10 is the hydraulic pump, DB20 the furnace. The demo plant's README has the same table for people. */
export const s7Layout: readonly S7Point[] = [
  { address: 'DB10,X0.0', read: plant => plant.hydraulics.readings.running },
  { address: 'DB10,X0.1', read: plant => plant.hydraulics.readings.filterPressure > 2.5 },
  { address: 'DB10,REAL2', read: plant => plant.hydraulics.readings.pressure },
  { address: 'DB10,REAL6', read: plant => plant.hydraulics.readings.flow },
  { address: 'DB10,REAL10', read: plant => plant.hydraulics.readings.leakageFlow },
  { address: 'DB10,REAL14', read: plant => plant.hydraulics.readings.motorPower },
  { address: 'DB10,INT18', read: plant => plant.hydraulics.readings.oilTemperature * 10 },
  { address: 'DB10,INT20', read: plant => plant.hydraulics.readings.filterPressure * 1_000 },
  { address: 'DB10,DINT22', read: plant => plant.hydraulics.readings.runningSeconds },
  { address: 'DB20,X0.0', read: plant => plant.furnace.readings.doorOpen },
  { address: 'DB20,INT2', read: plant => plant.furnace.readings.programStep },
  { address: 'DB20,REAL4', read: plant => plant.furnace.readings.setpoint },
  { address: 'DB20,REAL8', read: plant => plant.furnace.readings.temperature[0] },
  { address: 'DB20,REAL12', read: plant => plant.furnace.readings.temperature[1] },
  { address: 'DB20,REAL16', read: plant => plant.furnace.readings.temperature[2] },
  { address: 'DB20,REAL20', read: plant => plant.furnace.readings.output[0] },
  { address: 'DB20,REAL24', read: plant => plant.furnace.readings.output[1] },
  { address: 'DB20,REAL28', read: plant => plant.furnace.readings.output[2] },
  { address: 'DB20,REAL32', read: plant => plant.furnace.readings.deviation },
  { address: 'DB20,DINT36', read: plant => plant.furnace.readings.charges },
  { address: 'DB20,REAL40', read: plant => plant.furnace.readings.energyKWh },
]

/** Bytes of each data block. */
export const s7BlockSizes: ReadonlyMap<number, number> = new Map([
  [10, 26],
  [20, 44],
])

/** Writes a value where the location says; integers are rounded and kept within their type. */
export function writeS7(block: Buffer, { type, byte, bit }: Address, value: number | boolean): void {
  const number = Number(value)
  switch (type) {
    case 'BOOL':
      block[byte] = value ? block[byte]! | (1 << bit) : block[byte]! & ~(1 << bit)
      return
    case 'INT':
      block.writeInt16BE(Math.max(-32_768, Math.min(32_767, Math.round(number))), byte)
      return
    case 'DINT':
      block.writeInt32BE(Math.max(-(2 ** 31), Math.min(2 ** 31 - 1, Math.round(number))), byte)
      return
    case 'REAL':
      block.writeFloatBE(number, byte)
      return
    default:
      throw new MillraceError('unsupported', `The simulated controller has no ${type}`)
  }
}

/**
 * What an analogue input with a broken wire shows: S7 has no quality of its own, the value leaves its range.
 * @throws MillraceError `unsupported` for a digital value or a counter
 */
export function brokenWire({ type }: Address, address: string): number {
  if (type === 'INT') return 32_767
  if (type === 'REAL') return 3.4e38
  throw new MillraceError('unsupported', `${address} is no analogue input: S7 cannot show that it is broken`)
}
