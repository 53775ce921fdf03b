/**
 * One HTTP source with its disk buffer in a process of its own, to be killed.
 *
 *   service.ts DIR PORT [before | after]    SIGKILLs itself before or after the first samples are stored
 *
 * Prints `listening` once it does, and `stored` each time it has stored something.
 */
import { join } from 'node:path'
import { openAccount } from '../../../connectors/account.ts'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import type { Connector, Emit } from '../../../connectors/contract.ts'
import { http } from '../../../connectors/http/index.ts'
import { keepConnected } from '../../../connectors/session.ts'
import { declared, optionsFor } from './bench.ts'

const [, , dir = '', port = '', killed] = process.argv
const buffer = openBuffer({ path: join(dir, 'buffer.db') })
const account = openAccount({ source: 'bench', connector: 'http', assets: [] }, buffer.account())
const options = optionsFor(`http://127.0.0.1:${port}`, { maxRequestsPerSecond: 10_000 })
const die = () => process.kill(process.pid, 'SIGKILL')

const killing =
  (emit: Emit): Emit =>
  async (samples, resume) => {
    if (killed === 'before') die()
    await emit(samples, resume)
    console.log('stored')
    if (killed === 'after') die()
  }

account.onChange(() => {
  if (account.entry(buffer, 0).state === 'connected') console.log('listening')
})
await keepConnected({
  onTrouble: error => console.error(error.explanation),
  open: (resume): Connector => {
    const source = { name: 'bench', options, tags: declared, stateDir: dir }
    const connector = http.open({ ...source, ...(resume !== undefined && { resume }) }, account.report)
    return { ...connector, run: (emit, signal) => connector.run(killing(emit), signal) }
  },
  account,
  buffer,
  signal: new AbortController().signal,
  backoff: { firstMs: 50, maxMs: 100, permanentMs: 1000 },
})
