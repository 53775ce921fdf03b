/**
 * Constants of control charts for subgroups of 2 to 10, as in the tables of ASTM MNL 7 (Manual on Presentation of Data and
 * Control Chart Analysis) and of Montgomery, Introduction to Statistical Quality Control, appendix VI: d2 is the mean of
 * the range of n normal numbers in standard deviations, A2 = 3 / (d2 sqrt n), D3 and D4 = 1 -+ 3 d3 / d2, not below 0.
 */
export type Constants = {
  readonly a2: number
  readonly d2: number
  readonly D3: number
  readonly D4: number
}

const table: readonly (readonly [number, number, number, number])[] = [
  [1.88, 1.128, 0, 3.267],
  [1.023, 1.693, 0, 2.574],
  [0.729, 2.059, 0, 2.282],
  [0.577, 2.326, 0, 2.114],
  [0.483, 2.534, 0, 2.004],
  [0.419, 2.704, 0.076, 1.924],
  [0.373, 2.847, 0.136, 1.864],
  [0.337, 2.97, 0.184, 1.816],
  [0.308, 3.078, 0.223, 1.777],
]

/** For individuals (size 1) those of a moving range of two, and 3 / d2 of it to the limits of the values: 2.66. */
export function constantsOf(size: number): Constants {
  const [a2, d2, D3, D4] = table[Math.max(size, 2) - 2]!
  return { a2: size === 1 ? 3 / d2 : a2, d2, D3, D4 }
}
