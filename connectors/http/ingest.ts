import { coded, type MillraceError, type Sample } from '../../model/index.ts'
import type { Emit } from '../contract.ts'
import { type Answer, comeAgain, refusal } from './answer.ts'
import type { Keys } from './keys.ts'

/** One request that can be stored. */
export type Batch = {
  readonly samples: readonly Sample[]
  /** Where the client gave a key: its id, and what was posted. */
  readonly key?: { readonly id: string; readonly fingerprint: string }
}

/** Stores batches in the order of their coming, one at a time, and answers for each once it is durable. */
export class Ingest {
  readonly #keys: Keys
  readonly #emit: Emit
  readonly #failed: (error: MillraceError) => void
  #line: Promise<unknown> = Promise.resolve()
  #failure: MillraceError | undefined

  /** `failed` is called once, with what emit rejected with; nothing is emitted after that. */
  constructor(keys: Keys, emit: Emit, failed: (error: MillraceError) => void) {
    this.#keys = keys
    this.#emit = emit
    this.#failed = failed
  }

  store(batch: Batch): Promise<Answer> {
    const storing = this.#line.then(() => this.#store(batch))
    this.#line = storing
    return storing
  }

  /** The answer that a request with this key has had, or that the key was used for something else. */
  repeated({ id, fingerprint }: NonNullable<Batch['key']>): Answer | undefined {
    const first = this.#keys.find(id, Date.now())
    if (first === undefined) return undefined
    if (first.fingerprint === fingerprint) return stored(first.stored, { 'Idempotency-Replayed': 'true' })
    const hint = 'Use a new key for everything that is new'
    return refusal(422, 'key-reused', 'this Idempotency-Key came with something else before', hint)
  }

  async #store({ samples, key }: Batch): Promise<Answer> {
    if (this.#failure) return notStored(this.#failure)
    try {
      // The same request may have waited in line before this one.
      const before = key && this.repeated(key)
      if (before) return before
      const atMs = Date.now()
      if (key && this.#keys.isFull(atMs)) {
        const hint = 'Lower keyHours or raise maxKeys, or post without a key'
        return comeAgain(503, 'keys-full', 'no more keys can be remembered', 60, hint)
      }
      const entry =
        key && this.#keys.add(key.id, { fingerprint: key.fingerprint, stored: samples.length, atMs })
      await this.#emit(samples, entry?.journal)
      entry?.kept()
      return stored(samples.length)
    } catch (thrown) {
      this.#failure = coded(thrown, 'internal', 'the samples were not stored', { transient: true })
      this.#failed(this.#failure)
      return notStored(this.#failure)
    }
  }
}

function stored(samples: number, headers: Record<string, string> = {}): Answer {
  return { status: 200, body: { stored: samples }, headers }
}

function notStored({ message, hint }: MillraceError): Answer {
  return comeAgain(503, 'not-stored', message, 5, hint)
}
