import type { Micros, Sample } from '../../model/index.ts'
import { type Answer, type Problem, refusal } from './answer.ts'
import type { Fresh, TagBook } from './tags.ts'

/** What decoding needs to know besides the text. */
export type Ground = {
  readonly tags: TagBook
  /** The asset in the URL. */
  readonly asset?: string
  readonly latest: Micros
  readonly maxSamples: number
}

/** What is wrong, what to do, and where: a field of JSON, a column of CSV. */
export type Wrong = { readonly wrong: string; readonly hint?: string; readonly field?: string }

export function isWrong<T extends object>(thing: T): thing is Extract<T, { readonly wrong: string }> {
  return 'wrong' in thing
}

/** Problems told of one request. */
export const mostProblems = 20

/** Gathers the samples of one request and what is wrong with it. One wrong thing refuses the whole. */
export class Gathering {
  readonly ground: Ground
  readonly samples: Sample[] = []
  readonly fresh: Fresh = new Map()
  readonly #problems: Problem[] = []

  constructor(ground: Ground) {
    this.ground = ground
  }

  /** Whether the rest need not be read. */
  get isOver(): boolean {
    return this.#problems.length >= mostProblems || this.samples.length > this.ground.maxSamples
  }

  add(found: Sample | Wrong, place: Pick<Problem, 'line' | 'field'>): void {
    if (!isWrong(found)) this.samples.push(found)
    else {
      const { wrong, hint, field } = found
      this.#problems.push({
        message: wrong,
        ...(hint !== undefined && { hint }),
        ...place,
        ...(field !== undefined && { field: `${place.field ?? ''}${field}` }),
      })
    }
  }

  /** What to tell, where the request cannot be stored. */
  get refusal(): Answer | undefined {
    const { maxSamples } = this.ground
    if (this.samples.length > maxSamples) {
      return refusal(
        413,
        'too-large',
        `more than ${maxSamples} samples`,
        'Post them in parts, or raise maxSamples',
      )
    }
    const [first] = this.#problems
    if (first === undefined && this.samples.length > 0) return undefined
    if (first === undefined)
      return refusal(422, 'bad-record', 'there is no sample in it', 'GET / tells the form')
    const where = first.line !== undefined ? `line ${first.line}: ` : first.field ? `${first.field}: ` : ''
    const hint = first.hint ?? 'Nothing was stored: mend it, and post it whole'
    return refusal(422, 'bad-record', `${where}${first.message}`, hint, { problems: this.#problems })
  }
}
