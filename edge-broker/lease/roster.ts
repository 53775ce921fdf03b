import { type Static, Type } from 'typebox'
import type { Word } from './claim.ts'

/**
 * What a service says of itself every second: a connectors service of its sources in `leases`, a processors service of its
 * partitions in `processor-leases`; compacted by server.
 */
export const Beat = Type.Object({
  v: Type.Literal(1),
  server: Type.String(),
  at: Type.Integer({ description: 'when it was sent, microseconds UTC' }),
  state: Type.Union([Type.Literal('here'), Type.Literal('leaving')]),
  /**
   * held: it reads it, or is about to; settling: it has no session, and rows of it are still to be sent; failed: the
   * same, and it cannot read it until somebody has mended something
   */
  sources: Type.Record(
    Type.String(),
    Type.Union([Type.Literal('held'), Type.Literal('settling'), Type.Literal('failed')]),
  ),
})
export type Beat = Static<typeof Beat>

export type RosterOptions = {
  readonly me: string
  /** Silence after which a server's lease is over, longer than a lease: its own clock began no later than ours. */
  readonly deadAfterMs: number
  readonly beatMs: number
}

type Heard = { readonly beat: Beat; readonly atMs: number }

/**
 * Which servers are alive, by their beats alone. Times are of this process's monotonic clock, ms. Nobody is silent
 * while our own beats do not come back either: then it is the topic that is silent.
 */
export class Roster {
  readonly #options: RosterOptions
  readonly #heard = new Map<string, Heard>()
  /** Since when our own beats come back without a pause. */
  #flowingSince: number | undefined

  constructor(options: RosterOptions) {
    this.#options = options
  }

  /** What was sent before we began to listen may be heard a moment later all the same, but for what we sent ourselves. */
  hear(beat: Beat, nowMs: number, past = false): void {
    if (beat.server === this.#options.me) {
      if (past) return
      const last = this.#heard.get(beat.server)?.atMs
      if (last === undefined || nowMs - last > this.#options.beatMs * 3) this.#flowingSince = nowMs
    }
    this.#heard.set(beat.server, { beat, atMs: nowMs })
  }

  /** Whether everybody who is alive has been heard by now. */
  isKnown(nowMs: number): boolean {
    const mine = this.#heard.get(this.#options.me)?.atMs
    const fresh = mine !== undefined && nowMs - mine <= this.#options.beatMs * 3
    return fresh && nowMs - this.#flowingSince! >= this.#options.beatMs * 2.5
  }

  /** The servers that are here; of one that was here, until it is known to be silent. */
  alive(nowMs: number): Map<string, Beat> {
    const alive = [...this.#heard].filter(([, heard]) => this.#isAlive(heard, nowMs))
    return new Map(alive.map(([server, { beat }]) => [server, beat]))
  }

  word(server: string, source: string): Word {
    const beat = this.#heard.get(server)?.beat
    if (!beat) return 'unknown'
    const word = beat.sources[source] ?? 'absent'
    return word === 'failed' ? 'settling' : word
  }

  #isAlive({ beat, atMs }: Heard, nowMs: number): boolean {
    if (beat.state === 'leaving') return false
    return nowMs - atMs < this.#options.deadAfterMs || !this.isKnown(nowMs)
  }
}
