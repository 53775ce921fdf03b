import { type Static, Type } from 'typebox'

export const Bearing = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'How people call it: SKF 6205, drive end.' })),
    balls: Type.Integer({ minimum: 3, maximum: 200, description: 'Number of rolling elements.' }),
    ballDiameterMm: Type.Number({ exclusiveMinimum: 0, description: 'Diameter of a rolling element.' }),
    pitchDiameterMm: Type.Number({
      exclusiveMinimum: 0,
      description: 'Diameter of the circle on which the rolling elements run.',
    }),
    contactAngleDeg: Type.Number({
      minimum: 0,
      exclusiveMaximum: 90,
      default: 0,
      description: 'Contact angle; 0 for deep groove ball bearings.',
    }),
  },
  { additionalProperties: false, description: 'Geometry, from which the fault frequencies follow.' },
)
export type Bearing = Static<typeof Bearing>

/** Outer race, inner race, rolling element (twice its spin: it meets both races in a turn). */
export const faults = ['BPFO', 'BPFI', 'BSF2'] as const
export type Fault = (typeof faults)[number]

export const partOf: Readonly<Record<Fault, string>> = {
  BPFO: 'outer race',
  BPFI: 'inner race',
  BSF2: 'rolling element',
}

/** Frequencies in multiples of the shaft's; FTF is the cage's. */
export type Orders = Readonly<Record<Fault | 'FTF', number>>

/** Kinematics of a bearing with a turning inner ring and no slip (Randall and Antoni, 2011, table 1). */
export function ordersOf({ balls, ballDiameterMm, pitchDiameterMm, contactAngleDeg }: Bearing): Orders {
  const ratio = (ballDiameterMm / pitchDiameterMm) * Math.cos((contactAngleDeg * Math.PI) / 180)
  return {
    BPFO: (balls / 2) * (1 - ratio),
    BPFI: (balls / 2) * (1 + ratio),
    BSF2: (pitchDiameterMm / ballDiameterMm) * (1 - ratio ** 2),
    FTF: (1 - ratio) / 2,
  }
}
