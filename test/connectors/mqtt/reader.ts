/** A whole connectors service for one MQTT source, without Kafka: to be killed. Arguments: folder, JSON of options and tags. */
import { join } from 'node:path'
import { openAccount } from '../../../connectors/account.ts'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { keepConnected } from '../../../connectors/session.ts'

const [dir = '', source = '{}'] = process.argv.slice(2)
const buffer = openBuffer({ path: join(dir, 'buffer.db') })
const account = openAccount({ source: 'broker', connector: 'mqtt', assets: [] }, buffer.account())
const abort = new AbortController()
process.once('SIGTERM', () => abort.abort())
await keepConnected({
  onTrouble: error => console.error(error.explanation),
  open: resume =>
    mqtt.open(
      { ...JSON.parse(source), stateDir: dir, ...(resume !== undefined && { resume }) },
      account.report,
    ),
  account: {
    ...account,
    state(state, reason) {
      account.state(state, reason)
      console.log(state)
    },
  },
  buffer,
  signal: abort.signal,
  backoff: { firstMs: 20, maxMs: 200, permanentMs: 200 },
})
buffer.close()
