import type { ConnectorKind } from '../connectors/contract.ts'
import { connectors } from '../connectors/index.ts'
import { type ProcessorKind, processorKinds } from '../processors/index.ts'

/** What a plant folder can name: its schema is composed of their options. */
export type Kinds = {
  readonly connectors: Readonly<Record<string, ConnectorKind>>
  readonly processors: readonly ProcessorKind[]
}

/** Everything this product comes with. */
export const builtIn: Kinds = { connectors, processors: processorKinds }
