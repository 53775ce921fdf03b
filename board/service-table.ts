import type { ServiceEntry } from '../model/index.ts'
import type { ConfigurationStatus, RefusedStatus } from './status.ts'
import { iso } from './time.ts'

/** The latest entry of every service: which configuration it runs, and which it has refused. */
export class ServiceTable {
  readonly #entries = new Map<string, ServiceEntry>()

  apply(key: string, entry: ServiceEntry): void {
    const known = this.#entries.get(key)
    if (!known || entry.at >= known.at) this.#entries.set(key, entry)
  }

  remove(key: string): void {
    this.#entries.delete(key)
  }

  status(): ConfigurationStatus {
    const entries = [...this.#entries].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, entry]) => entry)
    return {
      services: entries.map(({ service, server, plantHash }) => ({ service, server, hash: plantHash })),
      refused: refusedBy(entries),
    }
  }
}

/** Several services refuse the same change; it is told once. */
function refusedBy(entries: readonly ServiceEntry[]): RefusedStatus[] {
  const told = new Map<string, RefusedStatus>()
  for (const { service, server, refused } of entries) {
    if (!refused) continue
    const { at, problems, count } = refused
    const key = JSON.stringify(problems)
    const before = told.get(key)
    if (before) before.by.push(`${server}/${service}`)
    else told.set(key, { at: iso(at), by: [`${server}/${service}`], problems, count })
  }
  return [...told.values()]
}
