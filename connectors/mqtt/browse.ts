import { randomUUID } from 'node:crypto'
import type { IPublishPacket } from 'mqtt'
import { aborted, MillraceError, orAbort, type Value } from '../../model/index.ts'
import type { Found } from '../contract.ts'
import { contentOf } from './decode.ts'
import { openLink } from './link.ts'
import type { Options } from './options.ts'
import { pointerOf } from './path.ts'
import { isControl } from './sparkplug/node.ts'
import { decodePayload, sent } from './sparkplug/payload.ts'
import { parseTopic } from './sparkplug/topic.ts'

const listenMs = 5000
/** Bounds what a busy broker makes of it. */
const mostFound = 100_000

/**
 * What is published while it listens: MQTT has no list of topics. Retained messages come at once, Sparkplug metrics with
 * a birth. It connects under a name of its own and leaves nothing behind.
 */
export async function* browse(
  options: Options,
  _stateDir: string,
  signal: AbortSignal,
  ms = listenMs,
): AsyncIterable<Found> {
  const found = new Map<string, Found>()
  const onMessage = (packet: IPublishPacket) => {
    if (found.size < mostFound) for (const each of foundIn(packet)) found.set(each.path.join('\0'), each)
    return undefined
  }
  const linking = { options, clientId: `millrace-browse-${randomUUID()}`, ephemeral: true, onMessage }
  const link = await openLink(linking, signal)
  try {
    await orAbort(link.subscribe(['#'], { qos: 0 }), signal)
    const end = AbortSignal.any([signal, link.lost, AbortSignal.timeout(ms)])
    await aborted(end)
    if (link.lost.aborted) throw link.lost.reason
  } finally {
    await link.close()
  }
  for (const key of [...found.keys()].sort()) yield found.get(key)!
}

/** What one message offers to be read. */
export function foundIn({ topic, payload }: IPublishPacket): Found[] {
  const bytes = typeof payload === 'string' ? Buffer.from(payload) : payload
  try {
    if (topic.startsWith('spBv1.0/')) return metricsIn(topic, bytes)
    const content = contentOf('json', bytes)
    return 'json' in content ? [...valuesIn(topic, content.json, [])] : []
  } catch (thrown) {
    if (!(thrown instanceof MillraceError)) throw thrown
    return topic.startsWith('spBv1.0/') ? [] : [plain(topic, bytes)]
  }
}

/** Not JSON: text if it can be read as such. */
function plain(topic: string, bytes: Uint8Array): Found {
  const text = !Buffer.from(bytes).toString('utf8').includes('\ufffd')
  const type = text ? 'text' : `${bytes.length} bytes`
  return { path: topic.split('/'), address: { topic, ...(text && { payload: 'text' }) }, type }
}

function* valuesIn(topic: string, value: Value, steps: readonly string[]): Iterable<Found> {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
  if (isObject && steps.length < 16) {
    for (const [key, part] of Object.entries(value)) yield* valuesIn(topic, part, [...steps, key])
    return
  }
  const dotted = steps.every(step => /^[^./]+$/.test(step))
  const path = steps.length > 0 && { path: dotted ? steps.join('.') : pointerOf(steps) }
  yield {
    path: [...topic.split('/'), ...steps],
    address: { topic, ...path },
    type: Array.isArray(value) ? 'list' : value === null ? 'null' : typeof value,
  }
}

function metricsIn(topic: string, bytes: Uint8Array): Found[] {
  const parsed = parseTopic(topic)
  if (!parsed) return []
  const { group, node, device } = parsed
  return decodePayload(bytes).metrics.flatMap(metric => {
    const name = sent(metric, 'name')
    if (!name || isControl(name)) return []
    const address = { metric: { group, node, ...(device && { device }), name } }
    return [
      {
        path: [group, node, device, name].filter(Boolean),
        address,
        type: `Sparkplug ${sent(metric, 'datatype') ?? ''}`.trim(),
      },
    ]
  })
}
