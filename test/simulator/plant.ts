import { soundWear } from './bearing.ts'
import { Furnace } from './furnace.ts'
import { Hydraulics } from './hydraulics.ts'
import { Press } from './press.ts'

/** The physics' step, s; also the time in which 128 vibration samples are taken. */
export const stepS = 0.01
/** Controllers take their readings every fifth step, s. */
export const readingS = 0.05

export const hallC = 24

/** Press 1's bearing wears out within an hour: its damage can be told after half a minute, and is serious a minute later. */
const degrading = { wear: 0.01, wearPerS: 0.0003 }
/** Press 2's lasts for twenty years. */
const lasting = { wear: soundWear, wearPerS: 1.6e-9 }

export type PressName = 'press-1' | 'press-2'
export type MachineName = PressName | 'hydraulics' | 'furnace'
/** Machines with a part that wears. */
export type WearingName = PressName | 'hydraulics'

/** What changed in a step, and must reach the controllers' servers. */
export type Change = {
  readings: boolean /** Presses with a new vibration block. */
  blocks: readonly Press[]
}

/**
 * The demo plant: two presses with their hydraulic pump, and a furnace. It has no clock and no randomness but its seed:
 * the same seed and the same steps give the same readings, byte for byte.
 */
export class DemoPlant {
  readonly presses: Readonly<Record<PressName, Press>>
  readonly hydraulics: Hydraulics
  readonly furnace: Furnace
  #steps = 0

  constructor(seed: number) {
    this.presses = {
      'press-1': new Press(seed, { name: 'press-1', ambientC: hallC, ...degrading, coilStrokes: 20 }),
      'press-2': new Press(seed, { name: 'press-2', ambientC: hallC, ...lasting, coilStrokes: 90 }),
    }
    this.hydraulics = new Hydraulics(seed, 'hydraulics', hallC)
    this.furnace = new Furnace(seed, 'furnace', hallC)
    this.#measure()
  }

  /** Seconds since the start. */
  get elapsedS(): number {
    return this.#steps * stepS
  }

  /** Lets `stepS` pass. */
  step(): Change {
    this.#steps += 1
    const presses = Object.values(this.presses)
    const blocks = presses.filter(press => press.step(stepS))
    this.hydraulics.step(stepS, presses.filter(press => press.working).length)
    const readings = this.#steps % Math.round(readingS / stepS) === 0
    if (readings) {
      this.furnace.step(readingS)
      this.#measure()
    }
    return { readings, blocks }
  }

  get machines(): Readonly<Record<MachineName, Press | Hydraulics | Furnace>> {
    return { ...this.presses, hydraulics: this.hydraulics, furnace: this.furnace }
  }

  get wearing(): Readonly<Record<WearingName, Press | Hydraulics>> {
    return { ...this.presses, hydraulics: this.hydraulics }
  }

  #measure(): void {
    for (const machine of Object.values(this.machines)) machine.measure()
  }
}
