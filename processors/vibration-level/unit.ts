const standardGravity = 9.80665

/** m/s2 in one of the unit, as UCUM and people write it. */
const units: ReadonlyMap<string, number> = new Map([
  ['g', standardGravity],
  ['[g]', standardGravity],
  ['mg', standardGravity / 1_000],
  ['m/s2', 1],
  ['m/s²', 1],
  ['m/s^2', 1],
  ['m.s-2', 1],
  ['mm/s2', 0.001],
])

export const unitNames: readonly string[] = [...units.keys()]

/** Undefined for what is no unit of acceleration. */
export function metresPerS2(unit: string): number | undefined {
  return units.get(unit)
}
