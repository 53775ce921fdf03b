import { MillraceError, orAbort } from '../../model/index.ts'
import type { Connector, Report, Source } from '../contract.ts'
import { type Client, openClient } from './client.ts'
import type { Options, TagAddress } from './options.ts'
import { type Point, pointsOf } from './points.ts'
import { runScans } from './scanning.ts'
import { writePoint } from './write.ts'

/**
 * One session with one Modbus/TCP device. Reconnecting is the caller's.
 * @throws MillraceError `config-invalid` naming the tag
 */
export function modbusConnector(source: Source<Options, TagAddress>, report: Report): Connector {
  const { options, resume } = source
  const points = pointsOf(source)
  let client: Client | undefined
  const connected = (): Client => {
    if (client) return client
    throw new MillraceError('session-lost', `${options.endpoint} is not connected`, { transient: true })
  }
  return {
    async connect(signal) {
      client = await openClient(options, signal)
      await orAbort(tryReading(client, points, options), signal)
    },
    async run(emit, signal) {
      const session = {
        client: connected(),
        points,
        options,
        report,
        ...(resume !== undefined && { resume }),
      }
      await runScans(session, emit, signal)
    },
    async write(tag, value, signal) {
      const point = points.find(({ tag: { asset, name } }) => asset === tag.asset && name === tag.name)
      if (!point) {
        throw new MillraceError('bad-address', `${tag.asset}/${tag.name} is not a tag of ${source.name}`)
      }
      return await orAbort(writePoint(connected(), point, value), signal)
    },
    async close() {
      const closing = client
      client = undefined
      await closing?.close()
    },
  }
}

/** Modbus has no greeting: whether a device speaks it shows in its first answer, an exception being one as well. */
async function tryReading(client: Client, points: readonly Point[], { endpoint }: Options): Promise<void> {
  const [first] = points
  if (!first) return
  try {
    await client.read(first.range)
  } catch (cause) {
    throw new MillraceError('unreachable', `${endpoint} takes a connection, and does not answer Modbus`, {
      transient: true,
      cause,
      hint: 'Check the port, the unit id, and how many clients the device allows; raise timeoutMs for a slow line',
    })
  }
}
