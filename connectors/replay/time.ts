import { type Micros, microsOf } from '../../model/index.ts'
import type { Options } from './options.ts'

const iso =
  /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d{1,9}))?)?)?\s*(Z|[+-]\d\d:?\d\d)?$/
const dayFirst = /^(\d\d)\.(\d\d)\.(\d{4})(?=$|\s)/

/** Below each bound a number counts that unit since 1970, in `auto`: seconds until the year 5138, and so on. */
const units = { s: 1e6, ms: 1e3, us: 1, ns: 1e-3 } as const
const bounds = [
  ['s', 1e11],
  ['ms', 1e14],
  ['us', 1e17],
] as const

/** A time as recordings write it; undefined where it is none. Text without a zone is UTC. */
export function timeOf(text: string, unit: Options['timeUnit']): Micros | undefined {
  const trimmed = text.trim()
  if (/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(trimmed)) return fromNumber(trimmed, unit)
  const [, ...parts] = iso.exec(trimmed.replace(dayFirst, '$3-$2-$1')) ?? []
  const [year, month, day, hour = '00', minute = '00', second = '00', fraction, zone] = parts
  if (year === undefined) return undefined
  return microsOf(`${year}-${month}-${day}`, `${hour}:${minute}:${second}`, fraction, zone)
}

function fromNumber(text: string, unit: Options['timeUnit']): Micros | undefined {
  const value = Number(text)
  const meant = unit === 'auto' ? (bounds.find(([, bound]) => Math.abs(value) < bound)?.[0] ?? 'ns') : unit
  const micros = Math.round(value * units[meant])
  return Number.isSafeInteger(micros) ? micros : undefined
}
