import type { ConnectorKind } from '../contract.ts'
import { browse } from './browse.ts'
import { check } from './check.ts'
import { opcuaConnector } from './connector.ts'
import { locate } from './locate.ts'
import { type Address, address, type Options, options } from './options.ts'
import { parseResume } from './resume.ts'

export { type Address, address, type Options, options } from './options.ts'
export { trust } from './trust.ts'

/** OPC UA by subscription (OPC 10000-4, 5.13 and 5.14) and by Read (5.11.2). Loading it does not load the protocol stack. */
export const opcua: ConnectorKind<Options, Address> = {
  kind: 'opcua',
  options,
  address,
  schemes: ['opc.tcp'],
  discovers: true,
  isGivenOnce: resume => (parseResume(resume)?.subscriptions.length ?? 0) > 0,
  locate,
  browse,
  open: (source, report) => {
    check(source)
    return opcuaConnector(source, report)
  },
}
