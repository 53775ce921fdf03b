import { coded, type ErrorCode, MillraceError } from '../../model/index.ts'

type Known = { readonly code: ErrorCode; readonly transient?: boolean; readonly hint: string }

const login: Known = {
  code: 'unauthorised',
  hint: 'Check user, password and client certificate, and what the broker allows them',
}
const version: Known = { code: 'unsupported', hint: 'Set protocolVersion to "3.1.1"' }
const identifier: Known = { code: 'refused', hint: 'Set another clientId' }
const busy: Known = {
  code: 'refused',
  transient: true,
  hint: 'The broker takes nobody now; it is tried again',
}

/** Reason codes of CONNACK: MQTT 3.1.1 (3.2.2.3) up to 5, MQTT 5.0 (3.2.2.2) from 128. */
const connack: Readonly<Record<number, Known>> = {
  1: version,
  2: identifier,
  3: busy,
  4: login,
  5: login,
  132: version,
  133: identifier,
  134: login,
  135: login,
  136: busy,
  137: busy,
  138: { code: 'unauthorised', hint: 'The broker has banned this client' },
  151: busy,
  156: { code: 'refused', hint: 'The broker asks for another server: change the endpoint' },
  157: { code: 'refused', hint: 'The broker has moved: change the endpoint' },
  159: busy,
}

const certificate: Known = {
  code: 'untrusted',
  hint: "Give the CA that issued the broker's certificate as caFile, and an endpoint (or serverName) that is in it",
}
const silent: Known = {
  code: 'unreachable',
  transient: true,
  hint: 'Check address and port, that the broker runs, and firewalls between',
}
const plain: Known = {
  code: 'protocol',
  transient: true,
  hint: 'Is this the TLS port of the broker (8883)? 1883 is usually the open one',
}

/** By the code of a socket's or TLS's error. */
const socket: readonly (readonly [RegExp, Known])[] = [
  [/^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|ECONNRESET|EPIPE)$/, silent],
  [/^(ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/, plain],
  [
    /^ERR_SSL_.*ALERT/,
    { ...login, hint: 'The broker wants a client certificate that it trusts: see certificateFile' },
  ],
  [/CERT|UNABLE_TO|SELF_SIGNED|ALTNAME/, certificate],
]

/** Why connecting failed, whatever was thrown on the way. */
export function connectError(thrown: unknown, endpoint: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown
  const { code, message = '' } = (thrown ?? {}) as { code?: unknown; message?: string }
  const known =
    typeof code === 'number' ? connack[code] : socket.find(([form]) => form.test(String(code)))?.[1]
  if (known) return new MillraceError(known.code, `${endpoint}: ${message}`, { ...known, cause: thrown })
  return coded(thrown, 'refused', `${endpoint} ended the connection`, {
    transient: true,
    hint: "Look into the broker's log for the reason",
  })
}

export function closedEarly(endpoint: string): MillraceError {
  return new MillraceError('refused', `${endpoint} closed the connection before it answered`, {
    transient: true,
    hint: "Look into the broker's log: a client certificate it wants, or another protocol on this port",
  })
}

export function noAnswer(endpoint: string, ms: number): MillraceError {
  return new MillraceError('timeout', `${endpoint} did not answer within ${ms} ms`, {
    transient: true,
    hint: 'Something listens there that is no MQTT broker, or the network drops packets',
  })
}

export function sessionLost(endpoint: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('session-lost', `${endpoint}: ${why}`, { transient: true, cause })
}

/** DISCONNECT by the broker, MQTT 5.0 (3.14.2.1). */
export function dismissed(endpoint: string, reasonCode: number | undefined): MillraceError {
  const takenOver = reasonCode === 142
  return new MillraceError(
    'session-lost',
    `${endpoint} ended the session${takenOver ? ': another client has connected with this clientId' : ` (reason ${reasonCode ?? 0})`}`,
    {
      transient: true,
      ...(takenOver && { hint: 'Give each client a clientId of its own' }),
    },
  )
}
