import type { Position } from '../edge-broker/kafka.ts'
import type { Lag } from './status.ts'

type Look = { at: number; end: bigint }

const looksKept = 600

/**
 * How far a group is behind, from repeated looks at both ends. Kafka tells offsets only; the age of the oldest record
 * waiting is the time since the partition's end was at the group's position.
 *
 * A committed transaction ends with a marker that takes an offset and is no record: a distance of one is none.
 */
export class LagWatch {
  readonly #looks = new Map<string, Look[]>()

  /** @param positions next offsets of the group; a partition without one is read from `starts` */
  observe(
    now: number,
    starts: readonly Position[],
    positions: readonly Position[],
    ends: readonly Position[],
  ): Lag {
    const places = new Map([...starts, ...positions].map(place => [keyOf(place), place.offset]))
    let records = 0
    let seconds: number | undefined = 0
    for (const end of ends) {
      const position = places.get(keyOf(end)) ?? 0n
      const behind = Number(end.offset - position)
      const looks = this.#remember(keyOf(end), { at: now, end: end.offset })
      if (behind <= 1) continue
      records += behind
      const age = ageOf(looks, position, now)
      seconds = age === undefined || seconds === undefined ? undefined : Math.max(seconds, age)
    }
    return seconds === undefined ? { records } : { records, seconds }
  }

  #remember(key: string, look: Look): Look[] {
    const looks = this.#looks.get(key) ?? []
    looks.push(look)
    if (looks.length > looksKept) looks.shift()
    this.#looks.set(key, looks)
    return looks
  }
}

/** Between two looks the end is taken to have moved evenly. Undefined when the position was passed before the first look. */
function ageOf(looks: readonly Look[], position: bigint, now: number): number | undefined {
  const index = looks.findLastIndex(look => look.end <= position + 1n)
  const before = looks[index]
  if (!before) return undefined
  const after = looks[index + 1] ?? before
  const share = after.end > before.end ? Number(position - before.end) / Number(after.end - before.end) : 0
  return (now - before.at - Math.max(0, share) * (after.at - before.at)) / 1000
}

function keyOf(place: { topic: string; partition: number }): string {
  return `${place.topic}/${place.partition}`
}
