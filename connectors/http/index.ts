import type { ConnectorKind } from '../contract.ts'
import { httpConnector } from './connector.ts'
import { address, type Options, options, type TagAddress } from './options.ts'

export { address, type Options, options, type TagAddress } from './options.ts'

/** HTTP ingest: what speaks nothing else (test benches, scripts, other systems) posts here. */
export const http: ConnectorKind<Options, TagAddress> = {
  kind: 'http',
  options,
  address,
  schemes: ['http', 'https'],
  discovers: true,
  isGivenOnce: () => true,
  refuses: true,
  open: httpConnector,
}
