import type { Micros, Sample, Tag } from '../../model/index.ts'
import { type MillraceError, status } from '../../model/index.ts'
import type { Report } from '../contract.ts'

/** One PUBLISH as it came. */
export type Message = {
  readonly topic: string
  readonly payload: Uint8Array
  /** Kept by the broker from before we subscribed: of unknown age. */
  readonly retained: boolean
  /** The broker has sent it before, in this session or an earlier one. */
  readonly repeated: boolean
  readonly at: Micros
}

/** Takes what messages come to. */
export interface Sink {
  sample(sample: Sample): void
  /** The tag is bad, or good again. Told on when it changes. */
  problem(tag: Tag, problem: MillraceError | undefined): void
  /** So many values at least came and can be no samples; `of` stands for them in the report. */
  unusable(of: Tag, count: number, reason: MillraceError): void
}

/** What to do with each message of a topic. Never throws. */
export type Route = (message: Message, sink: Sink) => void

/** Gathers the samples of a batch, and tells problems and losses only when they change. */
export class Gathering implements Sink {
  readonly #report: Report
  readonly #bad = new Map<Tag, string>()
  readonly #unusable = new Map<Tag, number>()
  #samples: Sample[] = []
  /** Called with each sample; for writes that wait to be read back. */
  onSample: ((sample: Sample) => void) | undefined

  constructor(report: Report) {
    this.#report = report
  }

  get size(): number {
    return this.#samples.length
  }

  sample(sample: Sample): void {
    this.#samples.push(sample)
    if (sample.status === status.good && this.#bad.size > 0) this.problem(sample.tag, undefined)
    this.onSample?.(sample)
  }

  problem(tag: Tag, problem: MillraceError | undefined): void {
    if (this.#bad.get(tag) === problem?.explanation) return
    if (problem) this.#bad.set(tag, problem.explanation)
    else this.#bad.delete(tag)
    this.#report.tag(tag, problem)
  }

  unusable(of: Tag, count: number, reason: MillraceError): void {
    this.#unusable.set(of, (this.#unusable.get(of) ?? 0) + count)
    if (!this.#bad.has(of)) this.problem(of, reason)
  }

  /** What has come since the last call. Reports what of it is lost. */
  take(): Sample[] {
    const samples = this.#samples
    this.#samples = []
    for (const [tag, count] of this.#unusable) this.#report.lost(tag, 'unusable', count)
    this.#unusable.clear()
    return samples
  }
}
