import { type ErrorCode, MillraceError } from '../../model/index.ts'

type Verdict = { readonly code: ErrorCode; readonly transient: boolean; readonly hint?: string }

const fenced: Verdict = { code: 'fenced', transient: false, hint: 'A successor runs this task: stop here' }
const unauthorised: Verdict = {
  code: 'unauthorised',
  transient: false,
  hint: 'The access list of this principal does not allow it',
}
const untrusted: Verdict = {
  code: 'untrusted',
  transient: false,
  hint: "Use a certificate that the plant's own authority has issued, and that has not expired",
}
const missing: Verdict = { code: 'bad-address', transient: false, hint: 'Create the topic first' }
const refused: Verdict = { code: 'refused', transient: false }
const unavailable: Verdict = {
  code: 'broker-unavailable',
  transient: true,
  hint: 'See whether the brokers run and enough replicas are in sync',
}
const unsupported: Verdict = {
  code: 'unsupported',
  transient: false,
  hint: 'The brokers have to be Kafka 3.1 or later',
}

/** Errors of the Kafka protocol that are not simply "try again", by their names in the protocol guide. */
const protocolVerdicts: Readonly<Record<string, Verdict>> = {
  INVALID_PRODUCER_EPOCH: fenced,
  PRODUCER_FENCED: fenced,
  TOPIC_AUTHORIZATION_FAILED: unauthorised,
  GROUP_AUTHORIZATION_FAILED: unauthorised,
  CLUSTER_AUTHORIZATION_FAILED: unauthorised,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: unauthorised,
  SASL_AUTHENTICATION_FAILED: unauthorised,
  SECURITY_DISABLED: unsupported,
  UNSUPPORTED_VERSION: unsupported,
  UNKNOWN_TOPIC_OR_PARTITION: missing,
  INVALID_TOPIC_EXCEPTION: missing,
  OFFSET_OUT_OF_RANGE: { code: 'bad-address', transient: false, hint: 'Retention has removed the records' },
  MESSAGE_TOO_LARGE: { ...refused, hint: 'One record is bigger than the brokers take (message.max.bytes)' },
  RECORD_LIST_TOO_LARGE: refused,
  INVALID_RECORD: refused,
  INVALID_CONFIG: refused,
  INVALID_PARTITIONS: refused,
  INVALID_REPLICATION_FACTOR: {
    ...refused,
    transient: true,
    hint: 'Fewer brokers are up than replicas asked for',
  },
  POLICY_VIOLATION: refused,
  CORRUPT_MESSAGE: { code: 'bad-payload', transient: true },
}

/** Node's and OpenSSL's names for "this certificate is not trusted": theirs by us, and ours by them (alerts). */
const trustError =
  /^(ERR_SSL_.*(CERT|UNKNOWN_CA|ACCESS_DENIED)|ERR_TLS_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT|UNABLE_TO_(VERIFY|GET)|CERT_)/

/** Gives whatever the client library threw its code; what is already coded passes unchanged. */
export function kafkaError(thrown: unknown, doing: string): MillraceError {
  if (thrown instanceof MillraceError) return thrown
  const { code, transient, hint } = verdictOf(thrown)
  return new MillraceError(code, `cannot ${doing}: ${reasonOf(thrown)}`, {
    transient,
    cause: thrown,
    ...(hint ? { hint } : {}),
  })
}

/** Whether an error of this protocol name is anywhere in what was thrown. */
export function hasApiError(thrown: unknown, ...ids: readonly string[]): boolean {
  return [...errorTree(thrown)].some(error => ids.includes(String(property(error, 'apiId'))))
}

/** Whether markers of a transaction are still under way: a matter of milliseconds. */
export function isUnsettled(thrown: unknown): boolean {
  return hasApiError(thrown, 'CONCURRENT_TRANSACTIONS', 'UNSTABLE_OFFSET_COMMIT')
}

/** Whether the same request may succeed a moment later; a transient error may want more than that, a new transaction. */
export function isRetriable(thrown: unknown): boolean {
  if (thrown instanceof MillraceError) return thrown.transient
  const tree = [...errorTree(thrown)]
  return verdictOf(thrown).transient && !tree.some(error => property(error, 'canRetry') === false)
}

/** Whether the other side does not trust us, or we do not trust it: waiting does not help. */
export function isTrustError(thrown: unknown): boolean {
  return [...errorTree(thrown)].some(error => trustError.test(String(property(error, 'code'))))
}

function verdictOf(thrown: unknown): Verdict {
  const tree = [...errorTree(thrown)]
  for (const error of tree) {
    const verdict = protocolVerdicts[String(property(error, 'apiId'))]
    if (verdict) return verdict
  }
  for (const error of tree) {
    const code = String(property(error, 'code'))
    if (trustError.test(code)) return untrusted
    if (code === 'PLT_KFK_UNSUPPORTED_API' || code === 'PLT_KFK_UNSUPPORTED_COMPRESSION') return unsupported
  }
  return tree.some(isFromKafka) ? unavailable : { code: 'internal', transient: false }
}

/** Protocol and network errors, against a defect here or in the library. */
function isFromKafka(error: object): boolean {
  const code = String(property(error, 'code'))
  return property(error, 'apiId') !== undefined || /^PLT_KFK_(?!USER)|^E[A-Z]+$/.test(code) || isClosed(error)
}

/** The library's word for "the client was closed while it retried". */
function isClosed(error: object): boolean {
  return /^Client closed while/.test(String(property(error, 'message')))
}

/** The most telling message: that of the deepest, last error. */
function reasonOf(thrown: unknown): string {
  const last = [...errorTree(thrown)].filter(error => property(error, 'errors') === undefined).at(-1)
  if (!last) return String(thrown)
  const id = property(last, 'apiId')
  const message = String(property(last, 'message'))
  return typeof id === 'string' ? `${id} (${message})` : message
}

function* errorTree(thrown: unknown): Generator<object> {
  if (typeof thrown !== 'object' || thrown === null) return
  yield thrown
  const errors = property(thrown, 'errors')
  if (Array.isArray(errors)) for (const error of errors) yield* errorTree(error)
  yield* errorTree(property(thrown, 'cause'))
}

function property(of: object, name: string): unknown {
  return Reflect.get(of, name)
}
