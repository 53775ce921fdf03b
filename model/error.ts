/** Every code an error of this product can carry; also the `code` label of its metrics. */
export const errorCodes = [
  'config-invalid', // the plant's folder does not pass its check
  'unreachable', // nothing answers at the address
  'timeout', // something answered before, and does no longer
  'refused', // the other side said no: access, session or resource limits
  'untrusted', // a certificate is not trusted, by either side
  'unauthorised', // wrong or missing credentials
  'bad-address', // a node id, data block or topic that the device does not have
  'bad-type', // the device's type does not fit the declared one
  'bad-payload', // bytes that cannot be read
  'protocol', // the other side broke its protocol
  'session-lost', // a session that was up has ended
  'fenced', // a successor has taken this task over
  'broker-unavailable', // Kafka does not take or give records now
  'buffer-full', // the disk buffer has reached its bound
  'disk', // the file system refused
  'port-taken', // another process listens there
  'missing-tool', // Java, Maven, Python or another prerequisite is absent
  'resources', // too little memory or disk
  'unsupported', // asked for something this version does not do
  'internal', // a defect here
] as const

export type ErrorCode = (typeof errorCodes)[number]

export type ErrorOptions = {
  /** A transient error may pass by itself and is retried; a permanent one needs a person. */
  transient?: boolean
  cause?: unknown
  /** What the reader can do about it; one sentence, told after the message. */
  hint?: string
}

/** The one error class: a code out of a bounded list, transient or permanent, with its cause. */
export class MillraceError extends Error {
  readonly code: ErrorCode
  readonly transient: boolean
  readonly hint: string | undefined

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, { cause: options.cause })
    this.name = 'MillraceError'
    this.code = code
    this.transient = options.transient ?? false
    this.hint = options.hint
  }

  /** Message and hint as one text for a person. */
  get explanation(): string {
    return this.hint ? `${this.message}. ${this.hint}` : this.message
  }
}

/** Gives any thrown thing a code; what is already coded passes unchanged. */
export function coded(
  thrown: unknown,
  code: ErrorCode,
  message: string,
  options: ErrorOptions = {},
): MillraceError {
  if (thrown instanceof MillraceError) return thrown
  const why = thrown instanceof Error ? thrown.message : String(thrown)
  return new MillraceError(code, `${message}: ${why}`, { ...options, cause: thrown })
}
