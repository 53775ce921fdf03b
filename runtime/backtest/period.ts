import { type Micros, MillraceError, microsOf } from '../../model/index.ts'

const units = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** `30s`, `10m`, `2h`, `30d` in ms; undefined where it is none. */
export function durationMs(text: string): number | undefined {
  const [, count, unit] = /^(\d+)(s|m|h|d)$/.exec(text) ?? []
  return count === undefined ? undefined : Number(count) * units[unit as keyof typeof units]
}

/**
 * A moment as people write it: ISO 8601 (UTC where no zone is named), `now`, or a time ago such as `30d`.
 * @throws MillraceError `config-invalid`
 */
export function momentMs(option: string, text: string, nowMs: number): number {
  if (text === 'now') return nowMs
  const ago = durationMs(text)
  if (ago !== undefined) return nowMs - ago
  const at = isoMicros(text)
  if (at !== undefined) return Math.floor(at / 1_000)
  throw new MillraceError('config-invalid', `${option} "${text}" is not understood`, {
    hint: 'Write 2026-03-01, 2026-03-01T06:00:00Z, now, or a time ago: 10m, 2h, 30d',
  })
}

function isoMicros(text: string): Micros | undefined {
  const parts = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?(?:\.(\d+))?)?(Z|[+-]\d\d:?\d\d)?$/.exec(text)
  if (!parts) return undefined
  const [, date = '', minute = '00:00', second = ':00', fraction, zone] = parts
  return microsOf(date, minute + second, fraction, zone)
}
