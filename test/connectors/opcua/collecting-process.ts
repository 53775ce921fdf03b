// A process of its own that does what the connectors service does with one source, down to the disk: to be killed.
// Arguments: endpoint, state folder, number of tags, source time (us) after which the rounds begin. Tells "up" once connected, and each round it has stored,
// one a line.
import { join } from 'node:path'
import { openAccount } from '../../../connectors/account.ts'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { opcua } from '../../../connectors/opcua/index.ts'
import { keepConnected } from '../../../connectors/session.ts'
import { declared, optionsFor } from './plant.ts'

const [endpoint = '', stateDir = '', count = '0', from = '0'] = process.argv.slice(2)
const buffer = openBuffer({ path: join(stateDir, 'buffer.db') })
const account = openAccount({ source: 'killed', connector: 'opcua', assets: [] }, buffer.account())
const tags = Array.from({ length: Number(count) }, (_, i) => declared(`n${i}`, `ns=1;s=n${i}`))
const options = optionsFor(endpoint, { publishingIntervalMs: 100, samplingIntervalMs: 0, watchdogMs: 1500 })
account.onChange(() => {
  if (account.entry(buffer, 0).state === 'connected') console.log('up')
})
const stop = new AbortController()
process.stdin.on('end', () => stop.abort()).resume()
await keepConnected({
  onTrouble: error => console.error(error.explanation),
  open: resume => {
    const source = { name: 'killed', options, tags, stateDir, ...(resume !== undefined && { resume }) }
    const connector = opcua.open(source, account.report)
    const run: typeof connector.run = (emit, signal) =>
      connector.run(async (samples, text) => {
        await emit(samples, text)
        for (const { tag, t, value } of samples) {
          if (tag.name === 'n0' && t > Number(from)) console.log(String(value))
        }
      }, signal)
    return { ...connector, run }
  },
  account,
  buffer,
  signal: stop.signal,
  backoff: { firstMs: 100, maxMs: 100, permanentMs: 100 },
})
buffer.close()
