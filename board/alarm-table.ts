import type { Alarm } from '../model/index.ts'
import type { OpenAlarm } from './status.ts'
import { iso } from './time.ts'

const clearedKept = 10_000
const eventsKept = 500

/**
 * Open alarms and the latest history. Reading a topic again changes nothing: of two states of one alarm the one with
 * the later source time holds.
 */
export class AlarmTable {
  readonly #open = new Map<string, Alarm>()
  readonly #cleared = new Map<string, number>()
  readonly #events = new Map<string, Alarm>()

  /** @returns whether the open alarms have changed */
  apply(alarm: Alarm): boolean {
    const known = this.#open.get(alarm.id)?.t ?? this.#cleared.get(alarm.id)
    if (known !== undefined && alarm.t < known) return false
    if (alarm.state === 'open') {
      this.#cleared.delete(alarm.id)
      this.#open.set(alarm.id, alarm)
      return true
    }
    this.#cleared.delete(alarm.id)
    this.#cleared.set(alarm.id, alarm.t)
    forgetOldest(this.#cleared, clearedKept)
    return this.#open.delete(alarm.id)
  }

  /** A tombstone: the alarm is forgotten. */
  remove(id: string): boolean {
    return this.#open.delete(id)
  }

  addEvent(alarm: Alarm): void {
    this.#events.set(`${alarm.id} ${alarm.t} ${alarm.state} ${alarm.severity}`, alarm)
    forgetOldest(this.#events, eventsKept)
  }

  /** Alarms before warnings, the newest first. */
  open(): OpenAlarm[] {
    return [...this.#open.values()]
      .sort((a, b) => rank(a) - rank(b) || b.since - a.since || (a.id < b.id ? -1 : 1))
      .map(({ id, asset, signal, severity, since, value, unit, reason }) => {
        return { id, asset, signal, severity, since: iso(since), value, unit, reason }
      })
  }

  /** What happened to an asset's alarms lately, the newest first. */
  eventsOf(asset: string): Alarm[] {
    return [...this.#events.values()].filter(event => event.asset === asset).sort((a, b) => b.t - a.t)
  }
}

function rank(alarm: Alarm): number {
  return alarm.severity === 'alarm' ? 0 : 1
}

function forgetOldest(map: Map<string, unknown>, bound: number): void {
  for (const key of map.keys()) {
    if (map.size <= bound) return
    map.delete(key)
  }
}
