import { anomaly } from './anomaly/index.ts'
import { baseline } from './baseline/index.ts'
import type { ProcessorKind } from './contract.ts'
import { drift } from './drift/index.ts'
import { halfSpaceTrees } from './half-space-trees/index.ts'
import { limits } from './limits/index.ts'
import { multivariate } from './multivariate/index.ts'
import { rateOfChange } from './rate-of-change/index.ts'
import { stuck } from './stuck/index.ts'
import { trend } from './trend/index.ts'
import { vibration } from './vibration/index.ts'
import { vibrationLevel } from './vibration-level/index.ts'

/** Every kind that a machine's YAML can declare; a new one is one more line. */
export const processorKinds: readonly ProcessorKind[] = [
  anomaly,
  baseline,
  drift,
  halfSpaceTrees,
  limits,
  multivariate,
  rateOfChange,
  stuck,
  trend,
  vibration,
  vibrationLevel,
]

export type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
