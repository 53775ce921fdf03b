import { aborted, MillraceError } from '../../model/index.ts'
import type { Connector, Source } from '../contract.ts'
import { openAccess } from './access.ts'
import { Ingest } from './ingest.ts'
import { Keys } from './keys.ts'
import { checkOptions, type Options, type TagAddress } from './options.ts'
import { Requests } from './requests.ts'
import { type Listener, listen } from './server.ts'
import { checkNames, TagBook } from './tags.ts'

type Up = { readonly requests: Requests; readonly keys: Keys; readonly listener: Listener }

/**
 * One session of listening: what is posted is answered once it is emitted.
 * @throws MillraceError `config-invalid`
 */
export function httpConnector(source: Source<Options, TagAddress>): Connector {
  const { options, stateDir, resume } = source
  checkOptions(options)
  checkNames(source)
  let up: Up | undefined
  return {
    async connect() {
      const requests = new Requests(options, await openAccess(options), new TagBook(source))
      const { maxKeys, keyHours } = options
      const keys = new Keys({ stateDir, journal: resume, maxKeys, rememberMs: keyHours * 3_600_000 })
      try {
        const listener = await listen(options, request => requests.answer(request))
        up = { requests, keys, listener }
      } catch (thrown) {
        keys.close()
        throw thrown
      }
    },
    async run(emit, signal) {
      if (!up) throw new MillraceError('session-lost', `${options.endpoint} is not open`, { transient: true })
      const { requests, keys, listener } = up
      const failure = new AbortController()
      const stop = AbortSignal.any([signal, failure.signal])
      requests.taking = { ingest: new Ingest(keys, emit, error => failure.abort(error)), stop }
      await aborted(stop)
      await listener.close()
      if (failure.signal.aborted) throw failure.signal.reason
    },
    async close() {
      const closing = up
      up = undefined
      await closing?.listener.close()
      closing?.keys.close()
    },
  }
}
