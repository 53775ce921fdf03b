import type { DataValue } from 'node-opcua-client'
import { orAbort, type Sample, type Tag } from '../../model/index.ts'
import type { Emit, Report } from '../contract.ts'
import { untilOrAborted } from './deadline.ts'
import { inParts, type Limits } from './limits.ts'
import type { Notifications } from './notifications.ts'
import { type Declared, samplingOf } from './points.ts'
import type { Session } from './session.ts'

/** A server is not asked more often than this. */
const leastMs = 10

export type PollOptions = {
  readonly session: Session
  readonly limits: Limits
  readonly notifications: Notifications
  readonly report: Report
  /** Whether all of the source is polled, so that what is due is known. */
  readonly isWhole: boolean
}

/** Reads tags on their intervals with the Read service (OPC 10000-4, 5.11.2). */
export class Poll {
  readonly #options: PollOptions
  #byInterval = new Map<number, Declared[]>()
  readonly #last = new Map<Tag, { readonly t: number; readonly value: unknown; readonly status: number }>()

  constructor(options: PollOptions, tags: readonly Declared[]) {
    this.#options = options
    this.set(tags)
  }

  /** From now on these, on the intervals that there were at the start. */
  set(tags: readonly Declared[]): void {
    const { options } = this.#options.session
    this.#byInterval = Map.groupBy(tags, ({ address }) => Math.max(leastMs, samplingOf(address, options)))
  }

  /** Scans that were due in so many ms are lost. */
  missed(outageMs: number): void {
    const { report, isWhole } = this.#options
    for (const [intervalMs, tags] of this.#byInterval) {
      const count = Math.floor(outageMs / intervalMs) * tags.length
      if (count <= 0) continue
      report.lost(undefined, 'outage', count)
      if (isWhole) report.expected(count)
    }
  }

  /** Reads until aborted; rejects when the session is lost or emit rejects. */
  async run(emit: Emit, signal: AbortSignal): Promise<void> {
    const ended = AbortSignal.any([signal, this.#options.session.lost])
    try {
      await Promise.all(Array.from(this.#byInterval.keys(), ms => this.#onInterval(ms, emit, ended)))
    } catch (thrown) {
      if (!signal.aborted || thrown !== signal.reason) throw thrown
    }
  }

  async #onInterval(intervalMs: number, emit: Emit, ended: AbortSignal): Promise<void> {
    const start = performance.now()
    for (let scan = 0; ; ) {
      await untilOrAborted(start + scan * intervalMs, ended)
      const tags = this.#byInterval.get(intervalMs) ?? []
      if (tags.length > 0) await emit(await this.#scan(tags, ended))
      const next = Math.floor((performance.now() - start) / intervalMs) + 1
      const missed = (next - scan - 1) * tags.length
      if (missed > 0) this.#late(missed)
      scan = next
    }
  }

  #late(missed: number): void {
    const { report, isWhole } = this.#options
    report.lost(undefined, 'missedScan', missed)
    if (isWhole) report.expected(missed)
  }

  /** One reading of each; one that says the same as the last, of the same time, is no new sample. */
  async #scan(tags: readonly Declared[], ended: AbortSignal): Promise<Sample[]> {
    const { limits, notifications, report, isWhole } = this.#options
    const samples: Sample[] = []
    for (const part of inParts(tags, limits.nodesPerRead)) {
      const values = await this.#read(part, ended)
      const received = Date.now() * 1000
      for (const [i, { tag }] of part.entries()) {
        const value = values[i]
        if (value) samples.push(notifications.sample(tag, value, received))
      }
    }
    const fresh = samples.filter(sample => this.#isFresh(sample))
    if (isWhole) report.expected(fresh.length)
    return fresh
  }

  async #read(part: readonly Declared[], ended: AbortSignal): Promise<DataValue[]> {
    const { session } = this.#options
    const { stack, ua, options } = session
    const nodes = part.map(({ address }) => ({
      nodeId: stack.resolveNodeId(address.nodeId),
      attributeId: stack.AttributeIds.Value,
    }))
    const late = AbortSignal.timeout(options.watchdogMs)
    try {
      return await orAbort(ua.read(nodes, 0), AbortSignal.any([ended, late]))
    } catch (thrown) {
      session.lose(late.aborted ? `no answer within ${options.watchdogMs} ms` : 'reading failed', thrown)
      throw ended.reason ?? session.lost.reason
    }
  }

  #isFresh({ tag, t, value, status }: Sample): boolean {
    const last = this.#last.get(tag)
    if (last && last.t === t && last.status === status && Object.is(last.value, value)) return false
    this.#last.set(tag, { t, value, status })
    return true
  }
}
