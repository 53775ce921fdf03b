import type { Suite } from './suite.ts'

/** Every suite of `npm run evaluate`; a new one is one more line. Loaded when it is asked for. */
export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  cars: async () => (await import('./cars.ts')).suite,
  bearing: async () => (await import('./bearing.ts')).bearing,
  femto: async () => (await import('./femto.ts')).femto,
}
