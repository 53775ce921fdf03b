import type { Report } from '../contract.ts'
import { Pace } from './pace.ts'
import type { Point } from './points.ts'
import type { Progress } from './progress.ts'

/** Missed scans are told this often at most: a class of many tags that cannot keep up has better things to do. */
const tellingMs = 1000

/**
 * The account of one scan class against its schedule: which readings were due and not made, and at which interval it
 * is really scanned. A reading that was made is accounted for where it is emitted.
 */
export class Schedule {
  readonly #points: readonly Point[]
  readonly #report: Report
  readonly #pace: Pace
  #missed = 0
  #toldMs: number

  constructor(points: readonly Point[], report: Report, nowMs: number) {
    this.#points = points
    this.#report = report
    this.#pace = new Pace(points[0]!.scanMs, nowMs)
    this.#toldMs = nowMs
  }

  /** How long to wait for the next scan. */
  waitMs(nowMs: number): number {
    return this.#pace.waitMs(nowMs)
  }

  /** Called after each scan. */
  scanned(nowMs: number): void {
    this.#missed += this.#pace.takeMissed()
    if (nowMs - this.#toldMs >= tellingMs) this.tell(nowMs)
    const revisedMs = this.#pace.revisedMs(nowMs)
    if (revisedMs === undefined) return
    for (const { tag, scanMs } of this.#points) this.#report.revised(tag, scanMs, revisedMs)
  }

  /** Tells what has been missed since it was last told. */
  tell(nowMs: number): void {
    this.#toldMs = nowMs
    if (this.#missed === 0) return
    this.#lost(this.#points, 'missedScan', this.#missed)
    this.#missed = 0
  }

  /** Tells, once a session, how many readings of the class were due since an earlier session's last one. */
  resumed(progress: Progress, at: number): void {
    const always = this.#points.filter(({ onChange }) => onChange === 'never')
    const { scanMs } = this.#points[0]!
    const last = progress.lastScan(scanMs)
    const due = last === undefined ? 0 : Math.round((at - last) / (1000 * scanMs)) - 1
    if (due > 0) this.#lost(always, 'outage', due)
  }

  #lost(points: readonly Point[], cause: 'missedScan' | 'outage', count: number): void {
    this.#report.expected(count * points.length)
    for (const { tag } of points) this.#report.lost(tag, cause, count)
  }
}
