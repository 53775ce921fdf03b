import type { Suite } from './suite.ts'

/** Every suite of `npm run evaluate`; a new one is one more line. Loaded when it is asked for. */
export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  bearing: async () => (await import('./bearing.ts')).bearing,
  cars: async () => (await import('./cars.ts')).suite,
  cmapss: async () => (await import('./cmapss.ts')).suite,
  femto: async () => (await import('./femto.ts')).femto,
  nab: async () => (await import('./nab/index.ts')).nab,
  normal: async () => (await import('./normal/index.ts')).normal,
  skab: async () => (await import('./skab/index.ts')).skab,
}
