import { MillraceError, orAbort, type Sample, status, type Tag } from '../../model/index.ts'
import type { Connector, Report, Source } from '../contract.ts'
import type { Client } from './client.ts'
import type { Options, TagAddress } from './options.ts'
import { idOf, type Point, pointsOf } from './points.ts'
import type { Progress } from './progress.ts'
import type { Resolved } from './symbols/resolve.ts'

type Loaded = typeof import('./session.ts')
type Up = {
  readonly loaded: Loaded
  readonly client: Client
  readonly points: readonly Point[]
  readonly progress: Progress
  readonly unresolved: Resolved['unresolved']
}

/** One session with one S7 controller: tags are read by scan class. Reconnecting is the caller's. */
export function s7Connector(source: Source<Options, TagAddress>, report: Report): Connector {
  const { options } = source
  let up: Up | undefined
  const connected = (): Up => {
    if (up) return up
    throw new MillraceError('session-lost', `${options.endpoint} is not connected`, { transient: true })
  }
  return {
    async connect(signal) {
      const loaded = await import('./session.ts')
      const { source: absolute, unresolved } = await loaded.resolveSymbols(source)
      const points = pointsOf(absolute, true)
      const client = await loaded.openClient(options, signal)
      up = { loaded, client, points, unresolved, progress: new loaded.Progress(source.resume) }
      await orAbort(loaded.tryReading(client, points, options.endpoint), signal)
    },
    async run(emit, signal) {
      const { loaded, unresolved, ...session } = connected()
      await emit(unresolved.map(({ tag, problem }) => notThere(tag, problem, report)))
      await loaded.runScans({ ...session, options, report }, emit, signal)
    },
    async write(tag, value, signal) {
      const { loaded, client, points } = connected()
      const point = points.find(({ id }) => id === idOf(tag))
      if (!point) throw new MillraceError('bad-address', `${idOf(tag)} is not a tag of ${source.name}`)
      return await orAbort(loaded.writePoint(client, point, value, options.endpoint), signal)
    },
    async close() {
      const closing = up
      up = undefined
      await closing?.client.close()
    },
  }
}

/** A tag whose symbol nothing says the address of: bad, once a session. */
function notThere(tag: Tag, problem: MillraceError, report: Report): Sample {
  report.tag(tag, problem)
  report.expected(1)
  return { tag, t: Date.now() * 1000, value: null, status: status.badNodeIdUnknown }
}
