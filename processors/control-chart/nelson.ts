/**
 * The eight tests of Nelson, "The Shewhart control chart: tests for special causes", Journal of Quality Technology 16
 * (1984) 237-239, on points in standard deviations from the center line, the newest last.
 */
type Test = { readonly says: string; readonly fires: (points: readonly number[]) => boolean }

/** As many points as the longest test looks back. */
export const longestRun = 15

const last = (points: readonly number[], count: number) => (points.length < count ? [] : points.slice(-count))

const all = (
  points: readonly number[],
  count: number,
  is: (z: number, i: number, of: readonly number[]) => boolean,
) => {
  const run = last(points, count)
  return run.length === count && run.every(is)
}

/** `some` of the last `count` points, the newest one among them, beyond `limit` on one side. */
function beyond(points: readonly number[], some: number, count: number, limit: number): boolean {
  return [1, -1].some(
    side =>
      side * (points.at(-1) ?? 0) > limit &&
      points.slice(-count).filter(z => side * z > limit).length >= some,
  )
}

const sameSide = (points: readonly number[], count: number) =>
  all(points, count, z => z > 0) || all(points, count, z => z < 0)

const steps = (points: readonly number[], count: number) =>
  last(points, count)
    .map((z, i, of) => (i === 0 ? 0 : z - of[i - 1]!))
    .slice(1)

function trend(points: readonly number[], count: number): boolean {
  const run = steps(points, count)
  return run.length > 0 && (run.every(step => step > 0) || run.every(step => step < 0))
}

function alternating(points: readonly number[], count: number): boolean {
  const run = steps(points, count)
  return run.length > 0 && run.every((step, i) => (i === 0 ? step !== 0 : step * run[i - 1]! < 0))
}

const tests: readonly Test[] = [
  { says: 'beyond three standard deviations', fires: points => beyond(points, 1, 1, 3) },
  { says: 'nine in a row on one side of the center', fires: points => sameSide(points, 9) },
  { says: 'six in a row going up, or down', fires: points => trend(points, 6) },
  { says: 'fourteen in a row going up and down in turn', fires: points => alternating(points, 14) },
  {
    says: 'two of three beyond two standard deviations on one side',
    fires: points => beyond(points, 2, 3, 2),
  },
  {
    says: 'four of five beyond one standard deviation on one side',
    fires: points => beyond(points, 4, 5, 1),
  },
  {
    says: 'fifteen in a row within one standard deviation',
    fires: points => all(points, 15, z => Math.abs(z) < 1),
  },
  {
    says: 'eight in a row beyond one standard deviation on either side',
    fires: points => all(points, 8, z => Math.abs(z) > 1),
  },
]

/** The numbers (1 to 8) of the wanted tests that the newest point fails. */
export function nelson(points: readonly number[], wanted: readonly number[]): number[] {
  return wanted.filter(number => tests[number - 1]!.fires(points))
}

export const nelsonSays = (number: number): string => `${tests[number - 1]!.says} (test ${number})`
