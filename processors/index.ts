import { anomaly } from './anomaly/index.ts'
import { autoencoder } from './autoencoder/index.ts'
import { baseline } from './baseline/index.ts'
import { capability } from './capability/index.ts'
import type { ProcessorKind } from './contract.ts'
import { controlChart } from './control-chart/index.ts'
import { drift } from './drift/index.ts'
import { halfSpaceTrees } from './half-space-trees/index.ts'
import { heartbeat } from './heartbeat/index.ts'
import { limits } from './limits/index.ts'
import { multivariate } from './multivariate/index.ts'
import { oee } from './oee/index.ts'
import { parts } from './parts/index.ts'
import { rateOfChange } from './rate-of-change/index.ts'
import { remainingLife } from './remaining-life/index.ts'
import { anewAfterRepair } from './repair.ts'
import { stuck } from './stuck/index.ts'
import { trend } from './trend/index.ts'
import { vibration } from './vibration/index.ts'
import { vibrationLevel } from './vibration-level/index.ts'
import { windows } from './windows/index.ts'

/** Every kind that a machine's YAML can declare; a new one is one more line. */
export const processorKinds: readonly ProcessorKind[] = [
  anewAfterRepair(anomaly),
  anewAfterRepair(autoencoder),
  anewAfterRepair(baseline),
  capability,
  controlChart,
  anewAfterRepair(drift),
  anewAfterRepair(halfSpaceTrees),
  heartbeat,
  limits,
  anewAfterRepair(multivariate),
  oee,
  parts,
  rateOfChange,
  remainingLife,
  stuck,
  anewAfterRepair(trend),
  vibration,
  vibrationLevel,
  windows,
]

export type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
