import { coded, type MillraceError, type Sample, status, type Tag } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import type { Answer } from './client.ts'
import { exceptionError, good, statusOf } from './codes.ts'
import { decodeValue } from './decode.ts'
import type { Point } from './points.ts'

/** Makes samples of answers, and reports tags that turn bad or good. */
export class Sampler {
  readonly #report: Report
  readonly #problems = new Map<Tag, string>()

  constructor(report: Report) {
    this.#report = report
  }

  /** One answer a point. A refused one is bad with no value, never the last one. */
  samples(points: readonly Point[], answers: readonly Answer[]): Sample[] {
    return points.map((point, i) => {
      const { problem, ...sample } = sampleOf(point, answers[i]!)
      this.#tell(point.tag, problem)
      return sample
    })
  }

  #tell(tag: Tag, problem: MillraceError | undefined): void {
    if (this.#problems.get(tag) === problem?.message) return
    if (problem) this.#problems.set(tag, problem.message)
    else this.#problems.delete(tag)
    this.#report.tag(tag, problem)
  }
}

function sampleOf(point: Point, { code, bytes, at }: Answer): Sample & { problem?: MillraceError } {
  const { tag, address, orders, told } = point
  if (code !== good) {
    const problem = exceptionError(code, told)
    return { tag, t: at, value: null, status: statusOf(code), ...(code > 0 && { code }), problem }
  }
  try {
    return { tag, t: at, value: decodeValue(address, orders, bytes), status: status.good }
  } catch (thrown) {
    const problem = coded(thrown, 'bad-payload', told)
    return { tag, t: at, value: null, status: status.badDecodingError, problem }
  }
}
