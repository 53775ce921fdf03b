import type { ConnectorKind } from './contract.ts'
import { http } from './http/index.ts'
import { modbus } from './modbus/index.ts'
import { mqtt } from './mqtt/index.ts'
import { opcua } from './opcua/index.ts'
import { replay } from './replay/index.ts'
import { s7 } from './s7/index.ts'

/** Every kind of connector by its name in YAML. A new one is a folder here, and a line. Loading them loads no protocol stack. */
export const connectors: Readonly<Record<string, ConnectorKind>> = { opcua, s7, mqtt, modbus, http, replay }
