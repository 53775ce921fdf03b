import type { Sample } from '../../model/index.ts'

type Batch = { readonly samples: readonly Sample[] }

/** Samples that may wait for a slow emit before scanning itself waits. */
const capacity = 100_000

/** Emits in order and one at a time, while scanning goes on. What gathers behind a slow emit makes one emit. */
export class Outbox<B extends Batch> {
  readonly #emit: (batches: readonly B[]) => Promise<void>
  readonly #failed: (error: unknown, dropped: readonly B[]) => void
  #waiting: B[] = []
  #samples = 0
  #emitting: Promise<void> | undefined
  #failure: { readonly error: unknown } | undefined
  #taken = Promise.withResolvers<void>()

  /** `failed` is called once, with what emit rejected with and what waited behind it; nothing is emitted after that. */
  constructor(
    emit: (batches: readonly B[]) => Promise<void>,
    failed: (error: unknown, dropped: readonly B[]) => void,
  ) {
    this.#emit = emit
    this.#failed = failed
  }

  /** Resolves when there is room for the next batch. Rejects with what emit rejected with, and then takes nothing. */
  async put(batch: B): Promise<void> {
    this.#check()
    this.#waiting.push(batch)
    this.#samples += batch.samples.length
    this.#emitting ??= this.#drain()
    while (this.#samples > capacity) {
      await this.#taken.promise
      this.#check()
    }
  }

  /** Resolves when everything put has been emitted, or emit has failed. */
  async settled(): Promise<void> {
    await this.#emitting
  }

  #check(): void {
    if (this.#failure) throw this.#failure.error
  }

  async #drain(): Promise<void> {
    try {
      while (this.#waiting.length > 0) await this.#emit(this.#take())
      this.#emitting = undefined
    } catch (error) {
      this.#failure = { error }
      this.#failed(error, this.#take())
    }
  }

  #take(): B[] {
    const batches = this.#waiting
    this.#waiting = []
    this.#samples = 0
    this.#taken.resolve()
    this.#taken = Promise.withResolvers<void>()
    return batches
  }
}
