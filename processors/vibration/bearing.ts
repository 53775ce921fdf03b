import { type Static, Type } from 'typebox'
import { nearest } from '../../model/nearest.ts'
import { type Bearing, bearings } from './bearings.ts'

export type { Bearing } from './bearings.ts'

const withSource = (source: string) =>
  [...bearings].flatMap(([model, row]) => (row.source === source ? [model] : [])).join(', ')

export const BearingOption = Type.Object(
  {
    name: Type.Optional(Type.String({ description: 'How people call it: SKF 6205, drive end.' })),
    model: Type.Optional(
      Type.Union([Type.String(), Type.Integer()], {
        description: `In place of the geometry. Published by their users: ${withSource('published')}. The usual geometry, from memory, to be compared with the data sheet, as makers differ: ${withSource('usual')}.`,
      }),
    ),
    balls: Type.Optional(
      Type.Integer({ minimum: 3, maximum: 200, description: 'Number of rolling elements.' }),
    ),
    ballDiameterMm: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Diameter of a rolling element.' }),
    ),
    pitchDiameterMm: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Diameter of the circle on which the rolling elements run.',
      }),
    ),
    contactAngleDeg: Type.Optional(
      Type.Number({
        minimum: 0,
        exclusiveMaximum: 90,
        description: 'Contact angle; 0, for deep groove ball bearings, where it is not given.',
      }),
    ),
  },
  {
    additionalProperties: false,
    description: 'A model, or the geometry: the fault frequencies follow from it.',
  },
)
export type BearingOption = Static<typeof BearingOption>

/** The geometry, or what is wrong with it, to follow "has a bearing". */
export function bearingOf({ name, model, ...own }: BearingOption): Bearing | string {
  const { balls, ballDiameterMm, pitchDiameterMm, contactAngleDeg = 0 } = own
  if (model !== undefined) {
    if (Object.keys(own).length > 0) return 'with a model and a geometry: give one of them'
    return named(String(model), name)
  }
  if (balls === undefined || ballDiameterMm === undefined || pitchDiameterMm === undefined)
    return 'without balls, ballDiameterMm and pitchDiameterMm, and without a model'
  if (ballDiameterMm >= pitchDiameterMm) return 'whose balls are not smaller than its pitch circle'
  return { ...(name !== undefined && { name }), balls, ballDiameterMm, pitchDiameterMm, contactAngleDeg }
}

/** Also by a designation that a maker's name precedes or a suffix follows: SKF 6206-2Z. */
function named(model: string, name: string | undefined): Bearing | string {
  const bare = model.replace(/^[a-z]+ +/i, '')
  const found = bearings.get(bare) ?? bearings.get(/^\d{4}/.exec(bare)?.[0] ?? '')
  if (found !== undefined) return { ...found, name: name ?? model }
  const suggestion = nearest(bare, [...bearings.keys()])
  return `of a model that is not in the table, "${model}"${suggestion ? ` (did you mean "${suggestion}"?)` : ''}: give its geometry`
}

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
