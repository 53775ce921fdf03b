import type { ProcessorKind } from './contract.ts'

/**
 * A kind whose processors learn what is normal: that is of the asset as it was, so that a repair begins them anew. They are
 * "not known" until they have learned again.
 */
export function anewAfterRepair<Options>(kind: ProcessorKind<Options>): ProcessorKind<Options> {
  return {
    ...kind,
    create(asset, options) {
      const processor = kind.create(asset, options)
      return {
        ...processor,
        step: (state, event) =>
          event.kind === 'repair' ? [processor.initial(), []] : processor.step(state, event),
      }
    },
  }
}
