/** One S7 source with its session and disk buffer in a process of its own: `node killed-service.ts PORT BUFFER`. */
import { openAccount } from '../../../connectors/account.ts'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { s7 } from '../../../connectors/s7/index.ts'
import { keepConnected } from '../../../connectors/session.ts'
import { declare, optionsFor } from './plc.ts'

const [port, path] = process.argv.slice(2)
const buffer = openBuffer({ path: path! })
const account = openAccount({ source: 'plc', connector: 's7', assets: [] }, buffer.account())
const tags = [
  declare('time', { address: 'DB1,UDINT0', timeFrom: 'time' }),
  declare('value', { address: 'DB1,INT4', timeFrom: 'time' }),
]
const source = {
  name: 'plc',
  options: optionsFor(Number(port), { scanMs: 10 }),
  tags,
  stateDir: '/nonexistent',
}
await keepConnected({
  onTrouble: error => console.error(error.explanation),
  open: resume => s7.open({ ...source, ...(resume !== undefined && { resume }) }, account.report),
  account,
  buffer,
  signal: new AbortController().signal,
  backoff: { firstMs: 20, maxMs: 20, permanentMs: 20 },
})
