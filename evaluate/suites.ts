import type { Suite } from './suite.ts'

/** Every suite of `npm run evaluate`; a new one is one more line. Loaded when it is asked for. */
export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  normal: async () => (await import('./normal/index.ts')).normal,
  nab: async () => (await import('./nab/index.ts')).nab,
  skab: async () => (await import('./skab/index.ts')).skab,
}
