import { connect as connectTcp, isIP, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { IClientOptions, IClientPublishOptions, IPublishPacket, MqttClient } from 'mqtt'
import { orAbort } from '../../model/index.ts'
import { type Credentials, credentialsOf } from './credentials.ts'
import { dialled } from './endpoint.ts'
import { closedEarly, connectError, dismissed, noAnswer, sessionLost } from './errors.ts'
import type { Options } from './options.ts'
import { WithheldAcks } from './withheld.ts'

/** One connection to the broker, with the client's session behind it. */
export type Link = {
  /** The broker has kept our session, with its subscriptions and what was not acknowledged. */
  readonly resumed: boolean
  /** Aborted when the connection is gone, with the reason: a MillraceError `session-lost`. */
  readonly lost: AbortSignal
  /** The filters that the broker refused, with its reason code. Rejects when it does not answer. */
  subscribe(filters: readonly string[], more?: Subscribing): Promise<ReadonlyMap<string, number>>
  unsubscribe(filters: readonly string[]): Promise<void>
  publish(topic: string, payload: Uint8Array | string, options?: IClientPublishOptions): Promise<void>
  /** PUBACKs the messages with these packet ids; keep the order in which they came. */
  acknowledge(ids: readonly number[]): void
  /** Says good-bye where somebody listens, and ends the connection. Never rejects. */
  close(): Promise<void>
}

export type Subscribing = { readonly qos: 0 | 1; readonly shared?: boolean }

export type Linking = {
  readonly options: Options
  readonly clientId: string
  readonly will?: IClientOptions['will']
  /** Ends with the connection, whatever the options say. */
  readonly ephemeral?: boolean
  /** Takes each message; the next comes when the promise, if there is one, has resolved. */
  readonly onMessage: (packet: IPublishPacket) => Promise<void> | undefined
}

const leaveMs = 2000

/** Connects and waits for CONNACK. Rejects with a coded error and leaves nothing open. */
export async function openLink(linking: Linking, signal: AbortSignal): Promise<Link> {
  const { endpoint, timeoutMs } = linking.options
  const credentials = await credentialsOf(linking.options)
  const { MqttClient } = await import('mqtt')
  let stream: WithheldAcks | undefined
  const client = new MqttClient(
    () => {
      stream = new WithheldAcks(dial(linking.options, credentials))
      return stream as unknown as ReturnType<ConstructorParameters<typeof MqttClient>[0]>
    },
    clientOptions(linking, credentials),
  )
  takeMessages(client, linking)
  const lost = watch(client, endpoint)
  const timer = setTimeout(() => client.emit('error', noAnswer(endpoint, timeoutMs)), timeoutMs)
  try {
    const resumed = await orAbort(connected(client, endpoint), signal)
    return linkOf(client, stream!, linking.options, resumed, lost)
  } catch (thrown) {
    client.end(true)
    throw signal.aborted ? thrown : connectError(thrown, endpoint)
  } finally {
    clearTimeout(timer)
  }
}

/**
 * A message is a sign of life as good as the answer to a ping, which stands in line behind all that is under way; and
 * while nothing is read no answer is either. So pings go on, and their answers are waited for in silence alone.
 */
function takeMessages(client: MqttClient, { options, onMessage }: Linking): void {
  const everyMs = options.keepAliveSeconds * 500
  let last = performance.now()
  const alive = () => {
    last = performance.now()
    client.sendPing()
    client.reschedulePing(true)
  }
  client.handleMessage = (packet, next) => {
    if (performance.now() - last >= everyMs) alive()
    const room = onMessage(packet as IPublishPacket)
    if (!room) return next()
    const timer = setInterval(alive, everyMs)
    const stop = () => clearInterval(timer)
    client.once('close', stop)
    room.then(() => {
      stop()
      client.off('close', stop)
      next()
    })
  }
}

function dial(options: Options, credentials: Credentials): Socket {
  const { host, port, tls } = dialled(options)
  if (!tls) return connectTcp({ host, port, noDelay: true })
  const { ca, cert, key } = credentials
  const name = options.serverName ?? (isIP(host) === 0 ? host : undefined)
  return connectTls({
    host,
    port,
    minVersion: 'TLSv1.2',
    ...(name !== undefined && { servername: name }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  })
}

function clientOptions(linking: Linking, { username, password }: Credentials): IClientOptions {
  const { options, clientId, will, ephemeral = false } = linking
  const five = options.protocolVersion === '5'
  const expiry = ephemeral ? 0 : options.sessionExpirySeconds
  return {
    clientId,
    protocolVersion: five ? 5 : 4,
    // MQTT 5 tells apart "begin anew" and "forget at the end"; 3.1.1 has one flag for both.
    clean: ephemeral || (!five && expiry === 0),
    keepalive: options.keepAliveSeconds,
    reschedulePings: false,
    reconnectPeriod: 0,
    connectTimeout: options.timeoutMs + 1000,
    resubscribe: false,
    queueQoSZero: false,
    ...(username !== undefined && { username, password: password ?? '' }),
    ...(will && { will }),
    ...(five && { properties: { receiveMaximum: options.maxInFlight, sessionExpiryInterval: expiry } }),
  }
}

/** Resolves at CONNACK with whether the session was kept. */
function connected(client: MqttClient, endpoint: string): Promise<boolean> {
  return new Promise((resolve, reject) => {
    client.once('connect', ({ sessionPresent }) => resolve(sessionPresent))
    client.once('error', reject)
    client.once('close', () => reject(closedEarly(endpoint)))
  })
}

/** What ends a connection is told once, with its first reason. */
function watch(client: MqttClient, endpoint: string): AbortSignal {
  const lost = new AbortController()
  client.on('disconnect', ({ reasonCode }) => lost.abort(dismissed(endpoint, reasonCode)))
  client.on('error', error => lost.abort(sessionLost(endpoint, error.message, error)))
  client.on('close', () => lost.abort(sessionLost(endpoint, 'the connection broke')))
  return lost.signal
}

function linkOf(
  client: MqttClient,
  stream: WithheldAcks,
  options: Options,
  resumed: boolean,
  lost: AbortSignal,
): Link {
  const answered = <T>(work: Promise<T>): Promise<T> => answer(work, lost, options)
  let closing: Promise<void> | undefined
  return {
    resumed,
    lost,
    async subscribe(filters, { qos, shared = false } = { qos: options.qos }) {
      if (filters.length === 0) return new Map()
      // No local: our own commands do not come back. Retain handling 1: what is kept comes once a session.
      const request = { qos, ...(options.protocolVersion === '5' && { nl: !shared, rh: 1 }) }
      return await answered(subscribed(client, filters, request))
    },
    async unsubscribe(filters) {
      if (filters.length > 0) await answered(client.unsubscribeAsync([...filters]))
    },
    async publish(topic, payload, publishing = { qos: 1 }) {
      const bytes = typeof payload === 'string' ? payload : Buffer.from(payload)
      await answered(client.publishAsync(topic, bytes, publishing))
    },
    acknowledge: ids => stream.acknowledge(ids),
    close() {
      closing ??= leave(client, lost)
      return closing
    },
  }
}

/** The broker's answer, unless the connection is lost or it takes too long. */
async function answer<T>(work: Promise<T>, lost: AbortSignal, { endpoint, timeoutMs }: Options): Promise<T> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(noAnswer(endpoint, timeoutMs)), timeoutMs)
  try {
    return await orAbort(work, AbortSignal.any([lost, late.signal]))
  } finally {
    clearTimeout(timer)
  }
}

type Requested = { readonly qos: 0 | 1; readonly nl?: boolean; readonly rh?: number }

function subscribed(
  client: MqttClient,
  filters: readonly string[],
  request: Requested,
): Promise<ReadonlyMap<string, number>> {
  return new Promise((resolve, reject) => {
    client.subscribe([...filters], request, error => {
      // One refused filter makes an error of all; the SUBACK in it says which.
      const { packet } = (error ?? {}) as { packet?: { granted?: readonly number[] } }
      if (error && !packet?.granted) return reject(error)
      const codes = packet?.granted ?? []
      resolve(
        new Map(
          filters.map((filter, i) => [filter, codes[i] ?? 0] as const).filter(([, code]) => code >= 128),
        ),
      )
    })
  })
}

async function leave(client: MqttClient, lost: AbortSignal): Promise<void> {
  if (!lost.aborted) {
    await Promise.race([
      client.endAsync().catch(() => {}),
      new Promise(resolve => setTimeout(resolve, leaveMs).unref()),
    ])
  }
  client.end(true)
}
