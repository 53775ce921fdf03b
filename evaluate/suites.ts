import type { Suite } from './suite.ts'

/** Every suite of `npm run evaluate`; a new one is one more line. Loaded when it is asked for. */
export const suites: Readonly<Record<string, () => Promise<Suite>>> = {
  cmapss: async () => (await import('./cmapss.ts')).suite,
}
