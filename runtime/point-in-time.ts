import { type Micros, MillraceError } from '../model/index.ts'

const spans = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** `now`, a time ago such as 10m, or ISO 8601. @throws MillraceError `config-invalid` */
export function microsOf(text: string, now = Date.now()): Micros {
  if (text === 'now') return now * 1_000
  const [, count, unit] = /^(\d+)(s|m|h|d)$/.exec(text) ?? []
  if (count && unit) return (now - Number(count) * spans[unit as keyof typeof spans]) * 1_000
  const at = /^\d{4}-/.test(text) ? Date.parse(text) : Number.NaN
  if (!Number.isNaN(at)) return at * 1_000
  throw new MillraceError('config-invalid', `the time "${text}" is not understood`, {
    hint: 'Write 2026-03-01T06:00Z, now, or a time ago: 30s, 10m, 2h, 1d',
  })
}
