/** Geometry of one bearing, mm and degrees. */
export type Bearing = {
  readonly name?: string
  /** Rolling elements in one row. */
  readonly balls: number
  readonly ballDiameterMm: number
  readonly pitchDiameterMm: number
  readonly contactAngleDeg: number
}

/**
 * Where a row comes from. `published`: ball and pitch diameter from the named page, and the orders that follow agree with
 * those it gives. `usual`: from memory, checked against no data sheet; the pitch diameter is the mean of bore and outside
 * diameter (ISO 15). Makers differ in number and size of the balls: a usual row is a start, the data sheet decides.
 */
export type Source = 'published' | 'usual'

type Row = readonly [model: string, balls: number, ballMm: number, pitchMm: number, angleDeg: number, Source]

const inch = 25.4

const rows: readonly Row[] = [
  // Case Western Reserve University, Bearing Data Center, "Bearing Information": drive end and fan end.
  ['6205-2RS JEM', 9, 0.3126 * inch, 1.537 * inch, 0, 'published'],
  ['6203-2RS JEM', 8, 0.2656 * inch, 1.122 * inch, 0, 'published'],
  ['6202', 8, 5.953, 25, 0, 'usual'],
  ['6203', 8, 6.747, 28.5, 0, 'usual'],
  ['6204', 8, 7.938, 33.5, 0, 'usual'],
  ['6205', 9, 7.938, 38.5, 0, 'usual'],
  ['6206', 9, 9.525, 46, 0, 'usual'],
  ['6207', 9, 11.112, 53.5, 0, 'usual'],
  ['6208', 9, 11.906, 60, 0, 'usual'],
]

/** Bearings that can be named in place of their geometry, by model. */
export const bearings: ReadonlyMap<string, Bearing & { readonly source: Source }> = new Map(
  rows.map(([name, balls, ballDiameterMm, pitchDiameterMm, contactAngleDeg, source]) => [
    name,
    { name, balls, ballDiameterMm, pitchDiameterMm, contactAngleDeg, source },
  ]),
)
