import type { Emit, LossCause, Report } from '../../connectors/contract.ts'
import type { MillraceError, Sample, Tag } from '../../model/index.ts'

export type Lost = { tag: string | undefined; cause: LossCause; count: number | 'unknown' }
export type Revised = { tag: string; requestedMs: number; revisedMs: number }

/** Takes what a connector emits and reports, and lets a test wait for it. */
export class Collector {
  readonly samples: Sample[] = []
  readonly problems = new Map<string, MillraceError>()
  readonly lost: Lost[] = []
  readonly revised: Revised[] = []
  expected = 0
  /** What the runs that have failed came to: what is waited for does not come then. */
  readonly failures: unknown[] = []
  #changed = Promise.withResolvers<void>()

  readonly report: Report = {
    tag: (tag, problem) => {
      if (problem) this.problems.set(tag.name, problem)
      else this.problems.delete(tag.name)
      this.#wake()
    },
    lost: (tag, cause, count) => {
      this.lost.push({ tag: tag?.name, cause, count })
      this.#wake()
    },
    expected: count => {
      this.expected += count
    },
    revised: (tag, requestedMs, revisedMs) => {
      this.revised.push({ tag: tag.name, requestedMs, revisedMs })
    },
  }

  readonly emit: Emit = async samples => {
    for (const sample of samples) this.samples.push(sample)
    this.#wake()
  }

  of(tag: Tag): Sample[] {
    return this.samples.filter(sample => sample.tag.name === tag.name && sample.tag.asset === tag.asset)
  }

  /** Resolves with the first thing that `find` finds, looking again after each emit and report. */
  async until<T>(find: () => T | undefined | false, timeoutMs = 15_000): Promise<T> {
    const late = Promise.withResolvers<never>()
    const timer = setTimeout(
      () =>
        late.reject(new Error(`not seen within ${timeoutMs} ms: ${find}`, { cause: this.failures.at(-1) })),
      timeoutMs,
    )
    try {
      for (;;) {
        const found = find()
        if (found) return found
        await Promise.race([this.#changed.promise, late.promise])
      }
    } finally {
      clearTimeout(timer)
    }
  }

  /** The first sample of the tag that passes. */
  sample(tag: Tag, test: (sample: Sample) => boolean, timeoutMs?: number): Promise<Sample> {
    return this.until(() => this.of(tag).find(test), timeoutMs)
  }

  #wake(): void {
    this.#changed.resolve()
    this.#changed = Promise.withResolvers<void>()
  }
}
