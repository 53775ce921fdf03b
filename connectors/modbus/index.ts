import type { ConnectorKind } from '../contract.ts'
import { modbusConnector } from './connector.ts'
import { locate } from './locate.ts'
import { address, type Options, options, type TagAddress } from './options.ts'

export { address, type Options, options, type TagAddress } from './options.ts'

/** Modbus/TCP: what most drives, meters, gateways and small controllers speak. */
export const modbus: ConnectorKind<Options, TagAddress> = {
  kind: 'modbus',
  options,
  address,
  schemes: ['modbus'],
  locate,
  open: modbusConnector,
}
