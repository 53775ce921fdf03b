import type { ProcessorKind } from './contract.ts'
import { limits } from './limits/index.ts'
import { trend } from './trend/index.ts'
import { vibration } from './vibration/index.ts'
import { vibrationLevel } from './vibration-level/index.ts'

/** Every kind that a machine's YAML can declare; a new one is one more line. */
export const processorKinds: readonly ProcessorKind[] = [
  limits, //
  trend,
  vibration,
  vibrationLevel,
]

export type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
