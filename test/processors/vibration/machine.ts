import { type Bearing, type Fault, ordersOf } from '../../../processors/vibration/bearing.ts'
import { createRandom } from '../../simulator/random.ts'
import { resonator } from '../../simulator/resonator.ts'

/** A 6205 deep groove ball bearing. */
export const bearing: Bearing = { balls: 9, ballDiameterMm: 7.94, pitchDiameterMm: 39.04, contactAngleDeg: 0 }
export const rateHz = 12_000

export type Machine = {
  readonly seed: number
  readonly samples: number
  readonly rpm: number
  /** Speed at the end of the block, where it changes evenly. */
  readonly rpmAtEnd?: number
  readonly fault?: Fault | 'FTF'
  /** Peak of the ringing after a blow, in standard deviations of the noise. */
  readonly strength?: number
  /** Blows once a turn: a rubbing shaft, in the same unit. */
  readonly rub?: number
  /** Share by which the fault's frequency is off the computed one. */
  readonly slip?: number
}

/**
 * A seeded block: shaft orders 1 to 3 with unit noise, and blows at the fault's frequency with 0.5 % jitter that ring
 * at 3.4 kHz; those of the inner race are modulated by the shaft (load zone), those of a ball by the cage.
 */
export function blockOf({
  seed,
  samples,
  rpm,
  rpmAtEnd = rpm,
  fault,
  strength = 0,
  rub = 0,
  slip = 0,
}: Machine): Float32Array {
  const random = createRandom(seed, `${fault} ${strength}`)
  const orders = ordersOf(bearing)
  const turnAt = (i: number) => ((rpm + ((rpmAtEnd - rpm) * i) / samples / 2) * i) / 60 / rateHz
  const ring = resonator(rateHz, 3_400, 0.04)
  const faultTurns = fault === undefined ? Number.POSITIVE_INFINITY : 1 / (orders[fault] * (1 + slip))
  let blowAt = faultTurns * random.uniform()
  let rubAt = random.uniform()
  const phase = random.uniform()
  return Float32Array.from({ length: samples }, (_, i) => {
    const turn = turnAt(i)
    let blow = 0
    if (turn >= blowAt) {
      blowAt += faultTurns * (1 + 0.005 * random.gaussian())
      blow += strength * load(fault, turn + phase, orders.FTF)
    }
    if (turn >= rubAt) {
      rubAt += 1
      blow += rub
    }
    const angle = 2 * Math.PI * (turn + phase)
    return (
      2 * Math.sin(angle) + Math.sin(2 * angle) + 0.5 * Math.sin(3 * angle) + random.gaussian() + ring(blow)
    )
  })
}

function load(fault: Machine['fault'], turns: number, cageOrder: number): number {
  if (fault === 'BPFI') return 0.5 + 0.5 * Math.cos(2 * Math.PI * turns)
  if (fault === 'BSF2') return 0.75 + 0.25 * Math.cos(2 * Math.PI * cageOrder * turns)
  return 1
}
