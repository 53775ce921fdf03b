import { type Static, Type } from 'typebox'
import { isLoopback, MillraceError } from '../../model/index.ts'

const closed = { additionalProperties: false } as const

const file = (description: string) => Type.Optional(Type.String({ minLength: 1, description }))

/** Options of one HTTP source. */
export const options = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^https?://(\\[[0-9A-Fa-f:.]+\\]|[^/:\\s\\[\\]]+)(:\\d{1,5})?/?$',
      description:
        'where to listen: `https://0.0.0.0:8443/` on all addresses; `http://127.0.0.1:8080/`, which loopback alone may',
    }),
    certificateFile: file("the server's certificate (PEM) with what leads to its authority; for https"),
    privateKeyFile: file('its private key (PEM); for https'),
    tokensFile: file(
      'file of mode 0600 with one client a line: its name, blanks, its token of 20 characters or more. Read again when it changes',
    ),
    clientCaFile: file(
      'certificates (PEM) of the authorities whose client certificates are let in without a token; their common name is the client',
    ),
    unknownTags: Type.Union([Type.Literal('refuse'), Type.Literal('accept')], {
      default: 'refuse',
      description:
        'what becomes of a tag that is not declared, of an asset that has declared ones: the request is refused with the nearest name, or it is stored as a tag of its own',
    }),
    maxUnknownTags: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 1000,
      description: 'most different undeclared tags between two starts, when they are accepted',
    }),
    maxBodyBytes: Type.Integer({
      minimum: 1024,
      maximum: 64 << 20,
      default: 4 << 20,
      description: 'longest body of a request, on the wire and unpacked',
    }),
    maxSamples: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 50_000,
      description: 'most samples of one request',
    }),
    maxInFlight: Type.Integer({
      minimum: 1,
      maximum: 256,
      default: 8,
      description: 'most requests under way at a time; more are asked to come again (503)',
    }),
    maxRequestsPerSecond: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 100,
      description: 'of one client; more are asked to come again (429)',
    }),
    requestTimeoutMs: Type.Integer({
      minimum: 500,
      maximum: 600_000,
      default: 30_000,
      description: 'time for a whole request to arrive; after it the connection is ended (408)',
    }),
    maxAheadMs: Type.Integer({
      minimum: 0,
      default: 300_000,
      description: "how far a sample's time may be ahead of this server's clock; later ones are refused",
    }),
    keyHours: Type.Integer({
      minimum: 1,
      maximum: 720,
      default: 24,
      description: 'how long an Idempotency-Key is remembered',
    }),
    maxKeys: Type.Integer({
      minimum: 1000,
      maximum: 10_000_000,
      default: 1_000_000,
      description:
        'most keys remembered at a time; beyond, requests with a new key are asked to come again (503)',
    }),
  },
  { ...closed, $id: 'http-options', title: 'HTTP source' },
)
export type Options = Static<typeof options>

/** How senders call a tag. */
export const address = Type.Object(
  {
    postedAs: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'name by which senders call the tag (the heading of a CSV column); left out: its name',
      }),
    ),
  },
  { ...closed, $id: 'http-address', title: 'HTTP tag' },
)
export type TagAddress = Static<typeof address>

export type Listening = { readonly secure: boolean; readonly host: string; readonly port: number }

/** Scheme, host and port that an endpoint names. Does not validate. */
export function listeningOn(endpoint: string): Listening {
  const [, scheme, host = '', port] = /^(https?):\/\/\[?(.*?)\]?(?::(\d+))?\/?$/.exec(endpoint) ?? []
  const secure = scheme === 'https'
  return { secure, host, port: port === undefined ? (secure ? 443 : 80) : Number(port) }
}

/**
 * What no schema can tell: nothing in plain text and nobody without a name beyond loopback.
 * @throws MillraceError `config-invalid`
 */
export function checkOptions(options: Options): void {
  const { endpoint, certificateFile, privateKeyFile, tokensFile, clientCaFile } = options
  const { secure, host } = listeningOn(endpoint)
  const refuse = (message: string, hint: string) => {
    throw new MillraceError('config-invalid', `${endpoint}: ${message}`, { hint })
  }
  if (!secure && !isLoopback(host)) {
    refuse(
      'plain HTTP beyond loopback',
      'Write https://, or listen on http://127.0.0.1 behind a proxy of your own',
    )
  }
  if (secure && (certificateFile === undefined || privateKeyFile === undefined)) {
    refuse('https without a certificate', 'Name certificateFile and privateKeyFile')
  }
  if (!secure && clientCaFile !== undefined) refuse('client certificates need https', 'Write https://')
  if (!isLoopback(host) && tokensFile === undefined && clientCaFile === undefined) {
    refuse('anybody could post', 'Name a tokensFile, or a clientCaFile')
  }
}
