import type { IncomingMessage } from 'node:http'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { type Answer, comeAgain, isAnswer, refusal } from './answer.ts'
import type { Options } from './options.ts'

export type Kind = 'json' | 'csv'

const unpack = promisify(gunzip)

/** What the headers say of the body, or that it is not read. */
export function kindOf({ headers }: IncomingMessage): Kind | Answer {
  const [type = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';')
  const charset = parameters.map(one => /^\s*charset="?([^"\s]+)"?\s*$/.exec(one)?.[1]).find(Boolean)
  if (charset !== undefined && charset !== 'utf-8' && charset !== 'us-ascii') {
    return refusal(415, 'unsupported', `charset ${charset} is not read`, 'Send UTF-8')
  }
  if (type.trim() === 'application/json') return 'json'
  if (type.trim() === 'text/csv') return 'csv'
  return refusal(
    415,
    'unsupported',
    `Content-Type "${type.trim()}" is not read`,
    'Send "Content-Type: application/json" or "Content-Type: text/csv"',
  )
}

/**
 * The body as text, unpacked, at most `maxBodyBytes` of it in memory at any time. Answers for what is too long or no
 * UTF-8, and when `stop` aborts first.
 */
export async function textOf(
  request: IncomingMessage,
  { maxBodyBytes }: Options,
  stop: AbortSignal,
): Promise<string | Answer> {
  const encoding = (request.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip') {
    return refusal(415, 'unsupported', `Content-Encoding ${encoding} is not read`, 'Send gzip, or plain')
  }
  if (Number(request.headers['content-length'] ?? 0) > maxBodyBytes) return tooLarge(maxBodyBytes)
  const packed = await received(request, maxBodyBytes, stop)
  if (isAnswer(packed)) return packed
  const plain = encoding === 'gzip' ? await unpacked(packed, maxBodyBytes) : packed
  if (isAnswer(plain)) return plain
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(plain)
  } catch {
    return refusal(400, 'bad-payload', 'the body is not UTF-8', 'Save the file as UTF-8')
  }
}

function received(request: IncomingMessage, most: number, stop: AbortSignal): Promise<Buffer | Answer> {
  const { promise, resolve } = Promise.withResolvers<Buffer | Answer>()
  const chunks: Buffer[] = []
  let bytes = 0
  const gone = () => resolve(refusal(400, 'bad-request', 'the request ended early', 'Post the same again'))
  const stopping = () => resolve(comeAgain(503, 'stopping', 'the service is stopping', 5))
  if (stop.aborted) stopping()
  stop.addEventListener('abort', stopping, { once: true })
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length
    if (bytes <= most) chunks.push(chunk)
    else resolve(tooLarge(most))
  })
  request.once('end', () => resolve(Buffer.concat(chunks)))
  request.once('error', gone).once('close', gone)
  return promise.finally(() => {
    chunks.length = 0
    stop.removeEventListener('abort', stopping)
  })
}

async function unpacked(packed: Buffer, most: number): Promise<Buffer | Answer> {
  try {
    return await unpack(packed, { maxOutputLength: most })
  } catch (thrown) {
    const { code, message } = thrown as NodeJS.ErrnoException
    if (code === 'ERR_BUFFER_TOO_LARGE') return tooLarge(most)
    return refusal(
      400,
      'bad-payload',
      `the body is not gzip: ${message}`,
      'Leave Content-Encoding out for plain bodies',
    )
  }
}

function tooLarge(most: number): Answer {
  const hint = 'Post it in parts, each with an Idempotency-Key of its own; or raise maxBodyBytes'
  return refusal(413, 'too-large', `more than ${most} bytes`, hint)
}
