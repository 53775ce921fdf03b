import type { ProcessorKind } from './contract.ts'
import { heartbeat } from './heartbeat/index.ts'
import { limits } from './limits/index.ts'
import { oee } from './oee/index.ts'
import { trend } from './trend/index.ts'
import { vibration } from './vibration/index.ts'
import { vibrationLevel } from './vibration-level/index.ts'
import { windows } from './windows/index.ts'

/** Every kind that a machine's YAML can declare; a new one is one more line. */
export const processorKinds: readonly ProcessorKind[] = [
  heartbeat,
  limits,
  oee,
  trend,
  vibration,
  vibrationLevel,
  windows,
]

export type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
