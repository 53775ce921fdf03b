import { autoencoder } from './autoencoder/index.ts'
import { capability } from './capability/index.ts'
import type { ProcessorKind } from './contract.ts'
import { controlChart } from './control-chart/index.ts'
import { limits } from './limits/index.ts'
import { parts } from './parts/index.ts'
import { vibration } from './vibration/index.ts'

/** Every kind that a machine's YAML can declare; a new one is one more line. */
export const processorKinds: readonly ProcessorKind[] = [
  limits, //
  parts,
  controlChart,
  capability,
  autoencoder,
  vibration,
]

export type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
