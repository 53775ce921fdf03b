import type { Identity } from './deadletter/retries.ts'

/** Names the worker's entry of it in the changelog: the one whose `of` is no asset and has slashes. */
export const seen = 'seen'

/** Last sequence number by epoch: a server that comes back may deliver what its disk still held of an older one. */
export type LastOfEpoch = Readonly<Record<number, number>>

/** What was taken last of each source: a source may deliver a record again after a crash. */
export class Seen {
  readonly #last = new Map<string, LastOfEpoch>()

  /**
   * @param key names source and topic
   * @returns what is to be kept under the key, where the record comes after everything seen of its epoch; else undefined
   */
  take(key: string, { epoch, seq }: Identity): LastOfEpoch | undefined {
    const last = this.#last.get(key) ?? {}
    if (seq <= (last[epoch] ?? 0)) return undefined
    const next = { ...last, [epoch]: seq }
    this.#last.set(key, next)
    return next
  }

  restore(key: string, last: LastOfEpoch): void {
    this.#last.set(key, last)
  }
}
