import type { ProcessorKind } from './contract.ts'
import { limits } from './limits/index.ts'
import { remainingLife } from './remaining-life/index.ts'
import { vibration } from './vibration/index.ts'

/** Every kind that a machine's YAML can declare; a new one is one more line. */
export const processorKinds: readonly ProcessorKind[] = [
  limits, //
  vibration,
  remainingLife,
]

export type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
