import type { IncomingMessage } from 'node:http'
import type { Access } from './access.ts'
import { type Answer, comeAgain, isAnswer, refusal } from './answer.ts'
import { kindOf, textOf } from './body.ts'
import { gatherCsv } from './csv.ts'
import { Gathering } from './decoding.ts'
import { assetIn, helpText } from './help.ts'
import type { Batch, Ingest } from './ingest.ts'
import { gatherJson } from './json.ts'
import { digest, keyId } from './keys.ts'
import { InFlight, Rate } from './limits.ts'
import type { Options } from './options.ts'
import type { TagBook } from './tags.ts'

/** What takes requests while run() is under way. */
export type Taking = { readonly ingest: Ingest; readonly stop: AbortSignal }

/** Whoever is not let in shares one bucket, so that tokens cannot be guessed fast. */
const stranger = '(nobody)'

/** Answers the requests of one session. */
export class Requests {
  readonly #options: Options
  readonly #access: Access
  readonly #tags: TagBook
  readonly #rate: Rate
  readonly #inFlight: InFlight
  /** Set between the begin and the end of run(). */
  taking: Taking | undefined

  constructor(options: Options, access: Access, tags: TagBook) {
    this.#options = options
    this.#access = access
    this.#tags = tags
    this.#rate = new Rate(options.maxRequestsPerSecond)
    this.#inFlight = new InFlight(options.maxInFlight)
  }

  async answer(request: IncomingMessage): Promise<Answer> {
    const path = (request.url ?? '').split('?', 1)[0]!
    const isReading = request.method === 'GET' || request.method === 'HEAD'
    const posted = assetIn(path)
    if (path === '/' || path === '/health') {
      if (!isReading) return notAllowed('GET')
      return path === '/' ? { status: 200, body: helpText(this.#options) } : this.#health()
    }
    if (posted === undefined) {
      return refusal(404, 'not-found', 'there is nothing at this path', 'POST to /telemetry; GET / tells how')
    }
    if (request.method !== 'POST') return notAllowed('POST')
    return await this.#admitted(request, posted)
  }

  #health(): Answer {
    const isUp = this.taking !== undefined && !this.taking.stop.aborted
    return { status: isUp ? 200 : 503, body: { status: isUp ? 'up' : 'stopping' } }
  }

  async #admitted(request: IncomingMessage, posted: { asset?: string }): Promise<Answer> {
    const client = await this.#access.admit(request)
    const limited = this.#rate.take(isAnswer(client) ? stranger : client, performance.now())
    if (limited) return limited
    if (isAnswer(client)) return client
    const { taking } = this
    if (!taking || taking.stop.aborted) return comeAgain(503, 'stopping', 'no samples are taken now', 5)
    return await this.#inFlight.run(() => this.#take(request, posted, client, taking))
  }

  async #take(
    request: IncomingMessage,
    { asset }: { asset?: string },
    client: string,
    { ingest, stop }: Taking,
  ): Promise<Answer> {
    const kind = kindOf(request)
    if (isAnswer(kind)) return kind
    const unknown = asset === undefined ? undefined : this.#tags.unknownAsset(asset)
    if (unknown) return refusal(404, 'not-found', unknown.wrong, unknown.hint)
    const id = idOf(request, client)
    if (isAnswer(id)) return id
    const text = await textOf(request, this.#options, stop)
    if (isAnswer(text)) return text
    const key = id === undefined ? undefined : { id, fingerprint: digest(`${asset}\n${kind}\n${text}`) }
    const before = key && ingest.repeated(key)
    if (before) return before
    const { maxSamples, maxAheadMs } = this.#options
    const latest = (Date.now() + maxAheadMs) * 1000
    const gathering = new Gathering({
      tags: this.#tags,
      latest,
      maxSamples,
      ...(asset !== undefined && { asset }),
    })
    const unreadable = kind === 'json' ? gatherJson(text, gathering) : await gatherCsv(text, gathering)
    return unreadable ?? gathering.refusal ?? (await this.#store(gathering, key, ingest))
  }

  async #store(gathering: Gathering, key: Batch['key'], ingest: Ingest): Promise<Answer> {
    const answer = await ingest.store({ samples: gathering.samples, ...(key && { key }) })
    if (answer.status === 200) this.#tags.keep(gathering.fresh)
    return answer
  }
}

function notAllowed(allow: string): Answer {
  const headers = { Allow: allow }
  return refusal(405, 'method-not-allowed', `only ${allow} here`, 'GET / tells how to post', { headers })
}

function idOf({ headers }: IncomingMessage, client: string): string | undefined | Answer {
  const key = headers['idempotency-key']
  if (key === undefined) return undefined
  if (typeof key === 'string' && /^[\x21-\x7e]{1,255}$/.test(key)) return keyId(client, key)
  const hint = 'Send 1 to 255 printable ASCII characters without blanks, such as a UUID'
  return refusal(400, 'bad-key', 'the Idempotency-Key is none', hint)
}
