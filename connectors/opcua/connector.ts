import { MillraceError, orAbort } from '../../model/index.ts'
import type { Connector, Report, Source } from '../contract.ts'
import { connectError } from './errors.ts'
import type { Address, Options } from './options.ts'
import { prepare, type Up } from './prepare.ts'
import { run } from './run.ts'
import { openSession, type Session } from './session.ts'
import { writeTag } from './write.ts'

/**
 * One session with one OPC UA server. Reconnecting is the caller's. Subscriptions outlive the session, for the next one
 * to take over: what is told through `emit`'s `resume` says which.
 */
export function opcuaConnector(source: Source<Options, Address>, report: Report): Connector {
  const { options } = source
  let session: Session | undefined
  let up: Up | undefined
  const connected = (): Up => {
    if (up) return up
    throw new MillraceError('session-lost', `${options.endpoint} is not connected`, { transient: true })
  }
  return {
    async connect(signal) {
      session = await openSession(source, limited(signal, options))
      try {
        const ended = AbortSignal.any([signal, session.lost])
        up = await orAbort(prepare(session, source, report), ended)
      } catch (thrown) {
        await session.close(source.resume !== undefined)
        throw connectError(thrown, options.endpoint, '')
      }
    },
    async run(emit, signal) {
      await run(connected(), emit, signal)
    },
    async write(tag, value, signal) {
      const { session, expanded } = connected()
      const declared = [...source.tags, ...expanded].find(
        ({ tag: { asset, name }, address }) =>
          asset === tag.asset && name === tag.name && address.follow === undefined,
      )
      if (!declared) {
        throw new MillraceError('bad-address', `${tag.asset} ${tag.name} is not a tag of ${source.name}`)
      }
      return await writeTag(session, declared, value, AbortSignal.any([signal, session.lost]))
    },
    async close() {
      const closing = session
      const isKept = up ? up.isKept : source.resume !== undefined
      session = undefined
      up = undefined
      await closing?.close(isKept)
    },
  }
}

/** The caller's signal, or an error of ours when connecting takes too long. */
function limited(signal: AbortSignal, { endpoint, connectTimeoutMs }: Options): AbortSignal {
  const late = new AbortController()
  const timer = setTimeout(() => {
    late.abort(
      new MillraceError('unreachable', `${endpoint} did not answer within ${connectTimeoutMs} ms`, {
        transient: true,
        hint: 'Something listens there but is not (or not quickly enough) an OPC UA server; look at it and at the network',
      }),
    )
  }, connectTimeoutMs)
  timer.unref()
  return AbortSignal.any([signal, late.signal])
}
