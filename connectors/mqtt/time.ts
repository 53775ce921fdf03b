import { type Micros, microsOf, type Value } from '../../model/index.ts'
import type { TimeUnit } from './options.ts'

const perSecond: Readonly<Record<Exclude<TimeUnit, 'iso'>, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 }
const iso = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:[.,](\d{1,12}))?\s*(Z|[+-]\d\d:?\d\d)?$/i

/** The source time that stands in a payload; undefined where it is none, or lies before 1970 or beyond 2255. */
export function timeOf(value: Value | undefined, unit: TimeUnit): Micros | undefined {
  const micros = unit === 'iso' ? fromIso(value) : fromEpoch(value, perSecond[unit])
  return micros !== undefined && Number.isSafeInteger(micros) && micros >= 0 ? micros : undefined
}

function fromEpoch(value: Value | undefined, unitsPerSecond: number): Micros | undefined {
  if (typeof value === 'bigint') return Number((value * 1_000_000n) / BigInt(unitsPerSecond))
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return fromEpoch(BigInt(value), unitsPerSecond)
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
  return typeof number === 'number' ? Math.round(number * (1e6 / unitsPerSecond)) : undefined
}

function fromIso(value: Value | undefined): Micros | undefined {
  const parts = typeof value === 'string' ? iso.exec(value) : null
  if (!parts) return undefined
  const [, date, time, fraction, zone] = parts
  return microsOf(date!, time!.length === 5 ? `${time}:00` : time!, fraction, zone)
}
