/**
 * Zone boundaries A/B, B/C and C/D of the velocity of vibration on non-rotating parts, mm/s RMS, after ISO 20816-3
 * (formerly 10816-3): from memory, compared with no copy of the standard. Group 1 are large machines (above 300 kW, or
 * electrical ones with a shaft height of 315 mm and more), group 2 those of medium size (15 to 300 kW, 160 to 315 mm).
 */
export const zoneTable = {
  'group-1': { rigid: [2.3, 4.5, 7.1], flexible: [3.5, 7.1, 11] },
  'group-2': { rigid: [1.4, 2.8, 4.5], flexible: [2.3, 4.5, 7.1] },
} as const

export type MachineGroup = keyof typeof zoneTable
export type Foundation = keyof (typeof zoneTable)['group-1']
export type Boundaries = readonly [ab: number, bc: number, cd: number]

export type Zone = 'A' | 'B' | 'C' | 'D'

export function zoneOf(velocityMmS: number, [ab, bc, cd]: Boundaries): Zone {
  if (velocityMmS <= ab) return 'A'
  if (velocityMmS <= bc) return 'B'
  return velocityMmS <= cd ? 'C' : 'D'
}

/** What the standard says of a machine in each zone, in short. */
export const meaningOf: Readonly<Record<Zone, string>> = {
  A: 'as a new machine',
  B: 'acceptable for unrestricted operation',
  C: 'not to be run for long, plan a remedy',
  D: 'may damage the machine',
}
