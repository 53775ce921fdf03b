import type {
  ClientSecureChannelLayer,
  EndpointDescription,
  OPCUAClient,
  OPCUAClientOptions,
} from 'node-opcua-client'
import { MillraceError } from '../../model/index.ts'
import type { Options } from './options.ts'
import type { Stack } from './stack.ts'
import type { Pki } from './trust.ts'

/** A client of the stack whose own reconnecting is off, and that can be dropped without waiting for the network. */
export type Client = {
  readonly ua: OPCUAClient
  /** Takes the socket away, whatever state it is in. */
  drop(): Promise<void>
}

/** Settings that a client for finding endpoints and one for the session share. */
export function makeClient(stack: Stack, pki: Pki, options: Options, more: OPCUAClientOptions): Client {
  const ua = stack.OPCUAClient.create({
    applicationName: 'Millrace',
    applicationUri: pki.applicationUri,
    clientName: 'millrace',
    certificateFile: pki.certificateFile,
    privateKeyFile: pki.privateKeyFile,
    clientCertificateManager: pki.store,
    connectionStrategy: { maxRetry: 0, initialDelay: 100, maxDelay: 100, randomisationFactor: 0 },
    endpointMustExist: false,
    keepSessionAlive: false,
    keepPendingSessionsOnDisconnect: true,
    requestedSessionTimeout: options.sessionTimeoutMs,
    defaultTransactionTimeout: options.requestTimeoutMs,
    // The stack breaks a connection that is silent for half of this; silence is the watchdog's business.
    transportTimeout: Math.max(options.watchdogMs, options.connectTimeoutMs) * 4,
    ...more,
  })
  let channel: ClientSecureChannelLayer | undefined
  ua.on('secure_channel_created', made => {
    channel = made
  })
  const drop = async () => {
    channel?.forceConnectionBreak()
    await new Promise<void>(resolve => {
      if (channel) channel.abortConnection(() => resolve())
      else resolve()
    })
    await ua.disconnect()
  }
  return { ua, drop }
}

/** The endpoints that the server offers. Asked without security, which discovery allows (OPC 10000-4, 5.5.4). */
export async function findEndpoints(client: Client, endpoint: string): Promise<EndpointDescription[]> {
  await client.ua.connect(endpoint)
  const endpoints = await client.ua.getEndpoints({ endpointUrl: endpoint })
  await client.ua.disconnect()
  return endpoints
}

/** @throws MillraceError `refused` when the server does not offer mode and policy, telling what it does offer */
export function chooseEndpoint(
  stack: Stack,
  offered: readonly EndpointDescription[],
  { endpoint, securityMode, securityPolicy }: Options,
): EndpointDescription {
  const policyOf = (uri: string | null): string => uri?.slice(uri.indexOf('#') + 1) ?? ''
  const modeOf = ({ securityMode }: EndpointDescription): string => stack.MessageSecurityMode[securityMode]
  const match = offered.find(
    offer => modeOf(offer) === securityMode && policyOf(offer.securityPolicyUri) === securityPolicy,
  )
  if (match) return match
  const list = [...new Set(offered.map(offer => `${modeOf(offer)}/${policyOf(offer.securityPolicyUri)}`))]
  throw new MillraceError('refused', `${endpoint} does not offer ${securityMode}/${securityPolicy}`, {
    hint: `Set securityMode and securityPolicy to one of ${list.join(', ')}, or allow yours in the server`,
  })
}
