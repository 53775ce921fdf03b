import type { ServerResponse } from 'node:http'
import { finished } from 'node:stream/promises'

/** Every `error` that an answer can carry. */
export type RefusalCode =
  | 'bad-request' // not HTTP as it should be
  | 'unauthorised' // no token or certificate, or a wrong one
  | 'not-found' // no such path, or an asset that is not declared
  | 'method-not-allowed'
  | 'timeout' // the request did not arrive in time
  | 'too-large' // body or samples beyond the limits
  | 'unsupported' // a type or encoding that is not read
  | 'too-many-requests'
  | 'busy' // too many under way; the same may work in a moment
  | 'stopping' // the service ends or has not begun
  | 'not-stored' // the disk buffer does not take it now
  | 'bad-payload' // no JSON, no CSV, no UTF-8
  | 'bad-record' // readable, and wrong in the places told
  | 'bad-key' // an Idempotency-Key that is none
  | 'key-reused' // the key came with something else before
  | 'keys-full' // no more keys can be remembered now
  | 'internal'

/** One thing wrong with what was posted, in its place. */
export type Problem = {
  readonly message: string
  readonly hint?: string
  /** Of CSV, from 1. */
  readonly line?: number
  /** Of JSON, as `[2].t[17]`; of CSV the column. */
  readonly field?: string
}

export type Answer = {
  readonly status: number
  /** An object is sent as JSON. */
  readonly body: object | string
  readonly headers?: Readonly<Record<string, string>>
}

type More = {
  readonly headers?: Readonly<Record<string, string>>
  readonly problems?: readonly Problem[]
}

/** What a client is told when its request is not taken: the code, what is wrong, what to do, and where. */
export function refusal(
  status: number,
  error: RefusalCode,
  message: string,
  hint: string,
  { headers = {}, problems = [] }: More = {},
): Answer {
  const [first] = problems
  const place = first && { line: first.line, field: first.field }
  return {
    status,
    headers,
    body: { error, message, hint, ...place, ...(problems.length > 0 && { problems }) },
  }
}

/** The same in so many seconds, in vain until then. */
export function comeAgain(
  status: 429 | 503,
  error: RefusalCode,
  message: string,
  seconds: number,
  hint = 'Post the same again later, with the same Idempotency-Key',
): Answer {
  return refusal(status, error, message, hint, { headers: { 'Retry-After': String(seconds) } })
}

export function isAnswer(thing: unknown): thing is Answer {
  return typeof thing === 'object' && thing !== null && 'status' in thing && 'body' in thing
}

/** Resolves once it is sent, or the client is gone. */
export async function send(response: ServerResponse, answer: Answer, isLast: boolean): Promise<void> {
  const { status, body, headers } = answer
  const isText = typeof body === 'string'
  response.writeHead(status, {
    'Content-Type': isText ? 'text/plain; charset=utf-8' : 'application/json',
    'Cache-Control': 'no-store',
    'X-Content-Type-Options': 'nosniff',
    ...(isLast && { Connection: 'close' }),
    ...headers,
  })
  response.end(isText ? body : `${JSON.stringify(body)}\n`)
  await finished(response).catch(() => {})
}
