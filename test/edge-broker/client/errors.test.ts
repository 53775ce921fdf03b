import { describe, expect, test } from 'vitest'
import { hasApiError, isRetriable, isTrustError, kafkaError } from '../../../edge-broker/client/errors.ts'
import { MillraceError } from '../../../model/index.ts'

/** As the library throws them: codes in a tree of errors and causes. */
const api = (apiId: string, canRetry = false) =>
  Object.assign(new Error(apiId), { code: 'PLT_KFK_PROTOCOL', apiId, canRetry })
const system = (code: string) => Object.assign(new Error(code), { code })
const failed = (...errors: Error[]) =>
  Object.assign(new AggregateError(errors, 'failed'), { code: 'PLT_KFK_MULTIPLE' })

describe('kafkaError', () => {
  test.each([
    [api('PRODUCER_FENCED'), 'fenced', false],
    [failed(system('PLT_KFK_NETWORK'), failed(api('INVALID_PRODUCER_EPOCH'))), 'fenced', false],
    [failed(api('TOPIC_AUTHORIZATION_FAILED')), 'unauthorised', false],
    [new Error('failed', { cause: system('ERR_SSL_TLSV1_ALERT_UNKNOWN_CA') }), 'untrusted', false],
    [system('DEPTH_ZERO_SELF_SIGNED_CERT'), 'untrusted', false],
    [system('ERR_TLS_CERT_ALTNAME_INVALID'), 'untrusted', false],
    [system('ERR_SSL_SSL/TLS_ALERT_BAD_CERTIFICATE'), 'untrusted', false],
    [system('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED'), 'untrusted', false],
    [system('ERR_SSL_TLSV1_ALERT_INTERNAL_ERROR'), 'internal', false],
    [system('ECONNREFUSED'), 'broker-unavailable', true],
    [api('NOT_ENOUGH_REPLICAS', true), 'broker-unavailable', true],
    [api('TRANSACTION_ABORTABLE'), 'broker-unavailable', true],
    [api('MESSAGE_TOO_LARGE'), 'refused', false],
    [api('OFFSET_OUT_OF_RANGE'), 'bad-address', false],
    [system('PLT_KFK_UNSUPPORTED_API'), 'unsupported', false],
    [new TypeError('x is not a function'), 'internal', false],
    [system('PLT_KFK_USER'), 'internal', false],
  ])('%s is %s', (thrown, code, transient) => {
    expect(kafkaError(thrown, 'write')).toMatchObject({ code, transient, cause: thrown })
  })

  test('names what was being done, and the deepest reason', () => {
    const error = kafkaError(
      failed(failed(system('ECONNREFUSED')), api('COORDINATOR_NOT_AVAILABLE', true)),
      'commit x',
    )
    expect(error.message).toBe('cannot commit x: COORDINATOR_NOT_AVAILABLE (COORDINATOR_NOT_AVAILABLE)')
  })

  test('passes coded errors unchanged', () => {
    const error = new MillraceError('bad-payload', 'text')
    expect(kafkaError(error, 'read')).toBe(error)
  })
})

test('a transient error that wants a new transaction is not tried again as it is', () => {
  expect(isRetriable(api('TRANSACTION_ABORTABLE'))).toBe(false)
  expect(isRetriable(failed(api('CONCURRENT_TRANSACTIONS', true)))).toBe(true)
  expect(isRetriable(new MillraceError('broker-unavailable', 'later', { transient: true }))).toBe(true)
  expect(isRetriable(api('PRODUCER_FENCED', true))).toBe(false)
})

test('errors are found anywhere in the tree', () => {
  expect(hasApiError(failed(failed(api('TOPIC_ALREADY_EXISTS'))), 'TOPIC_ALREADY_EXISTS')).toBe(true)
  expect(hasApiError(system('ECONNRESET'), 'TOPIC_ALREADY_EXISTS')).toBe(false)
  expect(isTrustError(new Error('outer', { cause: system('CERT_HAS_EXPIRED') }))).toBe(true)
  expect(isTrustError(system('ECONNRESET'))).toBe(false)
})
