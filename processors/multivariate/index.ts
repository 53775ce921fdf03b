import { rowsKind } from '../rows-kind.ts'
import { judgeRow, type Known } from './judge.ts'
import { MultivariateOptions } from './options.ts'

/**
 * Tells when tags no longer go together, or have left their level: every tag is compared with what the others tell of
 * it, learned in the plant, and the reason names the tags that are off. Its state is plain and bounded: for eight tags
 * about 3 kB a state of the machine, twice that while it is learned.
 */
export const multivariate = rowsKind<Known[], MultivariateOptions>({
  kind: 'multivariate',
  options: MultivariateOptions,
  unit: 'sigma',
  initial: () => [],
  judge: (known, { t, values, state }, tags, options) => judgeRow(known, state, t, values, tags, options),
})
