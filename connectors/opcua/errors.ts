import { type ErrorCode, type ErrorOptions, MillraceError } from '../../model/index.ts'
import type { Address } from './options.ts'

type Meaning = { code: ErrorCode; transient: boolean; what: string; hint: string }

const permanent = (code: ErrorCode, what: string, hint: string): Meaning => ({
  code,
  transient: false,
  what,
  hint,
})
const passing = (code: ErrorCode, what: string, hint: string): Meaning => ({
  code,
  transient: true,
  what,
  hint,
})

const ours = permanent(
  'untrusted',
  "the server does not trust this connector's certificate",
  "Trust it on the server (it is often in the server's list of rejected certificates by now): OWN",
)
const login = permanent(
  'unauthorised',
  'the server refuses the log-in',
  'Check user.name and its password, and that the server allows this kind of log-in',
)
const full = passing(
  'refused',
  'the server has no session left',
  'Close sessions of other clients, or raise the limit of sessions in the server',
)

/** What the status codes of connecting mean (OPC 10000-4, 7.38.2). `OWN` stands for the path of our certificate. */
const byStatus: Readonly<Record<string, Meaning>> = {
  BadCertificateUntrusted: ours,
  BadSecurityChecksFailed: ours,
  BadCertificateInvalid: ours,
  BadCertificateUriInvalid: ours,
  BadCertificateChainIncomplete: ours,
  BadCertificateUseNotAllowed: ours,
  BadCertificateTimeInvalid: permanent(
    'untrusted',
    'the server says that our certificate is not valid now',
    'Compare the clocks of this machine and the server, and renew the certificate if it has expired: OWN',
  ),
  BadIdentityTokenRejected: login,
  BadIdentityTokenInvalid: login,
  BadUserAccessDenied: login,
  BadUserSignatureInvalid: login,
  BadTooManySessions: full,
  BadMaxConnectionsReached: full,
  BadTcpNotEnoughResources: full,
  BadTooManySubscriptions: full,
  BadSecurityModeRejected: permanent(
    'refused',
    'the server refuses this securityMode',
    'Set securityMode and securityPolicy to what the server offers',
  ),
  BadSecurityPolicyRejected: permanent(
    'refused',
    'the server refuses this securityPolicy',
    'Set securityMode and securityPolicy to what the server offers',
  ),
  BadTcpEndpointUrlInvalid: permanent(
    'refused',
    'the server does not know this path',
    'Compare the end of the endpoint with what the server shows',
  ),
  BadServerHalted: passing(
    'refused',
    'the server is starting or stopping',
    'Nothing to do: it is tried again',
  ),
}

/** The symbolic name of the status code that an error of the stack carries, in its response or in its text. */
export function statusNameOf(thrown: unknown): string | undefined {
  const { response, message } = (thrown ?? {}) as {
    response?: { responseHeader?: { serviceResult?: { name: string } } }
    message?: unknown
  }
  return response?.responseHeader?.serviceResult?.name ?? /\bBad[A-Z]\w+/.exec(String(message ?? thrown))?.[0]
}

/**
 * What was thrown while connecting, as a coded error that says what to do. An OPC UA server that closes the connection
 * in the handshake has often just rejected our certificate; what it says, if anything, is in the status.
 */
export function connectError(thrown: unknown, endpoint: string, ownCertificate: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown
  const name = statusNameOf(thrown)
  // The stack itself finds out that the server offers no such log-in, and has no status code for it.
  const meaning = /user token policy/i.test(String(thrown)) ? login : name ? byStatus[name] : undefined
  if (meaning) {
    return new MillraceError(meaning.code, `${endpoint}: ${meaning.what}${name ? ` (${name})` : ''}`, {
      transient: meaning.transient,
      hint: meaning.hint.replace('OWN', ownCertificate),
      cause: thrown,
    })
  }
  return new MillraceError('unreachable', `${endpoint} cannot be reached: ${firstLine(thrown)}`, {
    transient: true,
    hint: 'Check host and port, that the OPC UA server runs, and that no firewall stands between',
    cause: thrown,
  })
}

/** The session that was up has ended. */
export function sessionLost(endpoint: string, why: string, cause?: unknown): MillraceError {
  return new MillraceError('session-lost', `The session with ${endpoint} has ended: ${why}`, {
    transient: true,
    hint: 'It is made anew; if this repeats, look at the network and at the log of the server',
    cause,
  })
}

/** Only who asks for the very same can take a subscription over: a connector that reads this source on another server. */
export function takenOver(endpoint: string): MillraceError {
  return new MillraceError('fenced', `Another session with ${endpoint} has taken the subscriptions over`, {
    transient: true,
    hint: 'Another server reads this source; this one goes on where the source is its own by what Kafka says',
  })
}

const tagMeanings: readonly [RegExp, ErrorCode, string][] = [
  [
    /^BadNodeId|^BadAttributeId|^BadIndexRange/,
    'bad-address',
    'Compare the nodeId with what the server shows; namespace indexes may differ after a change of the project',
  ],
  [
    /^BadUserAccessDenied|^BadNotReadable/,
    'unauthorised',
    'Allow this user access to the variable, or log in as another',
  ],
  [/^BadNotWritable/, 'refused', 'Allow writing to the variable in the server'],
  [/^BadTypeMismatch/, 'bad-type', 'Compare the type in the server with the class and type of the tag'],
  [
    /^BadTooMany|^BadOutOfMemory|^BadResource/,
    'refused',
    'Fewer tags or larger intervals: the server is at its limit',
  ],
  [
    /Communication|NotConnected|NoData|Waiting/,
    'unreachable',
    'The server has no connection to what feeds this variable',
  ],
]

/** Why one tag is bad, by the name of its status code. */
export function tagError(tag: string, name: string, options: ErrorOptions = {}): MillraceError {
  const [, code, hint] = tagMeanings.find(([pattern]) => pattern.test(name)) ?? [
    undefined,
    'refused' as const,
    'The server itself calls this value bad: look at the device behind it',
  ]
  return new MillraceError(code, `${tag} is ${name}`, { hint, transient: true, ...options })
}

/** The server refuses the deadband of a tag; undefined where that is not the reason. */
export function deadbandError(tag: string, address: Address, name: string): MillraceError | undefined {
  const { deadbandAbsolute, deadbandPercent } = address
  if ((deadbandAbsolute ?? deadbandPercent) === undefined || !/Filter|Deadband/.test(name)) return undefined
  const kind = deadbandPercent === undefined ? 'an absolute' : 'a percent'
  return new MillraceError('unsupported', `${tag}: the server refuses ${kind} deadband (${name})`, {
    hint:
      deadbandPercent === undefined
        ? 'Leave out deadbandAbsolute: only numbers have one, and not in every server'
        : 'Give deadbandAbsolute instead: percent needs a variable with an EURange, and a server that knows it',
  })
}

function firstLine(thrown: unknown): string {
  const text = thrown instanceof Error ? thrown.message : String(thrown)
  return /E[A-Z]{5,}[^\n)]*/.exec(text)?.[0] ?? text.trim().split('\n')[0] ?? text
}
