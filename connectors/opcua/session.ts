import type {
  ClientSession,
  ClientSessionPublishService,
  ClientSessionRawSubscriptionService,
  UserIdentityInfo,
} from 'node-opcua-client'
import { orAbort } from '../../model/index.ts'
import type { Source } from '../contract.ts'
import { type Client, chooseEndpoint, findEndpoints, makeClient } from './client.ts'
import { atMost } from './deadline.ts'
import { connectError, sessionLost, takenOver } from './errors.ts'
import { identityOf } from './identity.ts'
import type { Address, Options } from './options.ts'
import { loadStack, type Stack } from './stack.ts'
import { checkServer, closePki, openPki, type Pki } from './trust.ts'

/** With the services that acknowledge by hand, which the stack has and its main interface leaves out. */
export type RawSession = ClientSession & ClientSessionRawSubscriptionService & ClientSessionPublishService

/** One session with one server, from log-in to its loss. */
export type Session = {
  readonly stack: Stack
  readonly ua: RawSession
  readonly options: Options
  /** Aborted when the session is gone, with the reason: a MillraceError `session-lost`, or `fenced` by another session. */
  readonly lost: AbortSignal
  /** Declares it gone. */
  lose(why: string, cause?: unknown): void
  /** Declares it of no use: another session has taken its subscriptions over. */
  displaced(): void
  /**
   * Ends it on the server too, as far as that can be reached. Never rejects.
   * @param keepSubscriptions leaves them on the server for the next session, until their lifetime is over
   */
  close(keepSubscriptions: boolean): Promise<void>
}

const leaveMs = 2000

/** References of one node in one answer; more are asked for. */
const referencesPerAnswer = 1000

/** Logs in, or rejects with a coded error and leaves nothing open. */
export async function openSession(
  source: Pick<Source<Options, Address>, 'name' | 'options' | 'stateDir'>,
  signal: AbortSignal,
): Promise<Session> {
  const { options, stateDir, name } = source
  const stack = await loadStack()
  const pki = await openPki(stateDir, name, options)
  const clients: Client[] = []
  const make = (more: Parameters<typeof makeClient>[3]): Client => {
    const client = makeClient(stack, pki, options, more)
    clients.push(client)
    return client
  }
  let loggingIn: Promise<Session> | undefined
  try {
    const identity = await identityOf(stack, options)
    const serverCertificate = await orAbort(find(stack, pki, options, make({})), signal)
    loggingIn = logIn(stack, make(secured(stack, options, serverCertificate)), options, identity)
    return await orAbort(loggingIn, signal)
  } catch (thrown) {
    // A session that the server makes after all must not stay there.
    await atMost(leaveMs, Promise.resolve(loggingIn?.then(session => session.close(false))))
    for (const client of clients) client.drop().catch(() => {})
    throw connectError(thrown, options.endpoint, pki.certificateFile)
  } finally {
    await closePki(pki)
  }
}

/** Finds the endpoint to use and resolves with its certificate, trusted; undefined where nothing is secured. */
async function find(stack: Stack, pki: Pki, options: Options, client: Client): Promise<Buffer | undefined> {
  const offered = await findEndpoints(client, options.endpoint)
  const { serverCertificate } = chooseEndpoint(stack, offered, options)
  if (options.securityMode === 'None') return undefined
  await checkServer(pki, serverCertificate, options.endpoint)
  return serverCertificate
}

function secured({ MessageSecurityMode, SecurityPolicy }: Stack, options: Options, certificate?: Buffer) {
  return {
    securityMode: MessageSecurityMode[options.securityMode],
    securityPolicy: SecurityPolicy[options.securityPolicy],
    ...(certificate && { serverCertificate: certificate }),
  }
}

async function logIn(
  stack: Stack,
  client: Client,
  options: Options,
  identity: UserIdentityInfo,
): Promise<Session> {
  await client.ua.connect(options.endpoint)
  const ua = (await client.ua.createSession(identity)) as RawSession
  ua.requestedMaxReferencesPerNode = referencesPerAnswer
  const lost = new AbortController()
  /** Whether the server may hear a good-bye. */
  let isHeard = true
  const lose = (why: string, cause?: unknown) => {
    if (lost.signal.aborted) return
    isHeard = false
    lost.abort(sessionLost(options.endpoint, why, cause))
  }
  client.ua.on('connection_lost', () => lose('the connection broke'))
  client.ua.on('close', error => lose('the connection was closed', error))
  ua.on('session_closed', status => lose(`the server closed it (${status.name})`))
  const displaced = () => {
    if (!lost.signal.aborted) lost.abort(takenOver(options.endpoint))
  }
  let closing: Promise<void> | undefined
  const close = (keepSubscriptions: boolean) => {
    closing ??= leave(client, ua, isHeard, keepSubscriptions)
    return closing
  }
  return { stack, ua, options, lost: lost.signal, lose, displaced, close }
}

/** Says good-bye where somebody may listen, and takes the socket away in any case. */
async function leave(
  client: Client,
  ua: ClientSession,
  isHeard: boolean,
  keepSubscriptions: boolean,
): Promise<void> {
  if (isHeard) {
    await atMost(leaveMs, ua.close(!keepSubscriptions))
    await atMost(leaveMs, client.ua.disconnect())
  }
  await atMost(leaveMs, client.drop())
}
