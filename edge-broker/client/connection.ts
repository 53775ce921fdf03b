import { readFileSync } from 'node:fs'
import { createSecureContext, type SecureContext } from 'node:tls'
import {
  type API,
  apiVersionsV3,
  type Base,
  type BaseOptions,
  type Broker,
  type ClusterMetadata,
  FindCoordinatorKeyTypes,
  findCoordinatorV4,
  findErrorBy,
  type GenericError,
  kGetBootstrapConnection,
  type Connection as Socket,
} from '@platformatic/kafka'
import { coded, MillraceError } from '../../model/index.ts'
import type { Connection } from '../kafka.ts'
import { isTrustError, isUnsettled } from './errors.ts'
import { newTopicMs, type Patience, pauseMs, persist } from './patience.ts'

export type Settings = {
  readonly connection: Connection
  /** How long any one call may take, ms */
  readonly timeoutMs: number
  /**
   * When the coordinator aborts a transaction, and how long a broker waits for the replicas of what it was sent, ms:
   * the library has one option for both.
   */
  readonly transactionTimeoutMs: number
}

/** Options for every client of the library. PEM files are read now, so that a renewed certificate counts from here on. */
export function clientOptions({ connection, transactionTimeoutMs }: Settings): BaseOptions {
  const { bootstrap, clientId, tls } = connection
  return {
    clientId,
    bootstrapBrokers: [...bootstrap],
    tls: { secureContext: secureContext(tls) },
    connectTimeout: 1_500,
    requestTimeout: 5_000,
    timeout: transactionTimeoutMs,
    handleBackPressure: true,
    retries: true, // without end: whoever waits has a time limit, and closes the client after it
    retryDelay: (client, _operation, attempt, _retries, error) => {
      forgetStaleMetadata(client, error)
      return pauseMs(attempt, error)
    },
  }
}

/**
 * The library refreshes metadata once for a moved leader and then keeps asking the broker it knows, which may have
 * heard of the move no earlier than we have.
 */
function forgetStaleMetadata(client: object, error: Error): void {
  if (findErrorBy(error, 'hasStaleMetadata', true)) (client as Base).clearMetadata()
}

function secureContext({ ca, cert, key }: Connection['tls']): SecureContext {
  try {
    return createSecureContext({
      ca: readFileSync(ca),
      cert: readFileSync(cert),
      key: readFileSync(key),
      minVersion: 'TLSv1.2',
    })
  } catch (thrown) {
    throw coded(thrown, 'unauthorised', `cannot read the certificate ${cert}, its key or its authority`, {
      hint: 'Paths must name PEM files that this user may read',
    })
  }
}

/**
 * Waits until a broker answers. With TLS 1.3 a broker's refusal of our certificate comes after the handshake, as an
 * error of a connection that looked good: so it is listened for, for as long as the client lives.
 * @throws MillraceError `untrusted`, `unauthorised`, or `broker-unavailable` when the time is up
 */
export async function contact(client: Base, patience: Patience): Promise<void> {
  let refusal: Error | undefined
  client.on('client:broker:connect', ({ connection }) => {
    connection.on('error', error => {
      if (isTrustError(error)) refusal = error
    })
  })
  await persist(patience, async n => {
    try {
      const socket = await anyBroker(client, n)
      await apiVersionsV3.api.async(socket, 'millrace', '1')
    } catch (thrown) {
      throw refusal ?? thrown
    }
  })
}

/** A connection to some broker, another one at each attempt. */
function anyBroker(client: Base, attempt: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    client[kGetBootstrapConnection]((error, socket) => {
      if (socket) resolve(socket)
      else reject(error)
    }, attempt)
  })
}

/** Who coordinates what, as far as each client knows. */
const coordinators = new WeakMap<Base, Map<string, Broker>>()

export type Coordinated = { readonly type: 'GROUP' | 'TRANSACTION'; readonly key: string }

/** Calls an API at the coordinator of a group or a transactional id; looks for it anew when it has not answered. */
export async function callCoordinator<Arguments extends unknown[], Response>(
  client: Base,
  patience: Patience,
  of: Coordinated,
  api: API<Arguments, Response>,
  ...args: Arguments
): Promise<Response> {
  const known = coordinators.get(client) ?? new Map<string, Broker>()
  coordinators.set(client, known)
  const name = nameOf(of)
  return persist(patience, async n => {
    const broker = known.get(name) ?? (await findCoordinator(client, of, n))
    try {
      const response = await api.async(await client.connections.get(broker), ...args)
      known.set(name, broker)
      return response
    } catch (thrown) {
      if (!isUnsettled(thrown)) known.delete(name)
      throw thrown
    }
  })
}

/** The coordinator that has answered last. */
export function lastCoordinator(client: Base, of: Coordinated): Broker | undefined {
  return coordinators.get(client)?.get(nameOf(of))
}

function nameOf({ type, key }: Coordinated): string {
  return `${type}:${key}`
}

async function findCoordinator(client: Base, { type, key }: Coordinated, attempt: number): Promise<Broker> {
  const socket = await anyBroker(client, attempt)
  const { coordinators } = await findCoordinatorV4.api.async(socket, FindCoordinatorKeyTypes[type], [key])
  return coordinators[0]!
}

/**
 * Fresh enough metadata of the topics.
 * @throws MillraceError `bad-address` for a topic that does not come to be known
 */
export async function topicsOf(
  client: Base,
  patience: Patience,
  topics: readonly string[],
  options: { readonly fresh?: boolean } = {},
): Promise<ClusterMetadata> {
  const patientFor = Date.now() + newTopicMs
  return persist(patience, async () => {
    try {
      return await client.metadata({ topics: [...topics], forceUpdate: options.fresh ?? false, retries: 2 })
    } catch (thrown) {
      const unknown = unknownTopic(thrown)
      if (!unknown) throw thrown
      throw new MillraceError('bad-address', `cannot ${patience.doing}: ${unknown}`, {
        transient: Date.now() < patientFor,
        cause: thrown,
        hint: 'Topics are created from the topic table when a plant starts',
      })
    }
  })
}

/**
 * The library would wrap a partition that does not exist around to one that does.
 * @throws MillraceError `bad-address`
 */
export function checkPartitions(
  partitions: readonly { readonly topic: string; readonly partition: number }[],
  { topics }: ClusterMetadata,
): void {
  for (const { topic, partition } of partitions) {
    const count = topics.get(topic)?.partitionsCount ?? 0
    if (partition >= 0 && partition < count) continue
    throw new MillraceError(
      'bad-address',
      `${topic} has ${count} partitions, and none with number ${partition}`,
      {
        hint: 'Whoever writes or reads and whoever creates topics must use the same topic table',
      },
    )
  }
}

function unknownTopic(thrown: unknown): string | undefined {
  const message = (thrown as GenericError).message
  return /^Unknown topic/.test(message) ? message : undefined
}
