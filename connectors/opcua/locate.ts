import { MillraceError } from '../../model/index.ts'

const form = /^(opc\.tcp:\/\/[^/?\s]+(?:\/[^?\s]*)?)\?((?:ns=\d{1,5};)?[isgb]=.+)$/

/**
 * `opc.tcp://host:port/path?ns=2;s=Press1.Temp`: the endpoint, and after the first `?` the node id as it is, with no
 * escapes, because node ids may hold any letter.
 * @throws MillraceError `bad-address`
 */
export function locate(url: string): { options: { endpoint: string }; address: { nodeId: string } } {
  const [, endpoint, nodeId] = form.exec(url) ?? []
  if (endpoint !== undefined && nodeId !== undefined) return { options: { endpoint }, address: { nodeId } }
  throw new MillraceError('bad-address', `${url} does not name a node of an OPC UA server`, {
    hint: "Write opc.tcp://host:port/path?NODEID, in quotes for the shell: 'opc.tcp://10.0.0.6:4840?ns=2;s=Press1.Temp'",
  })
}
