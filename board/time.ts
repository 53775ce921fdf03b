import type { Micros } from '../model/index.ts'

/** ISO 8601 UTC with milliseconds; a time beyond what a Date holds is told as its ends. */
export function iso(micros: Micros): string {
  const bound = 8.64e15
  return new Date(Math.min(Math.max(micros / 1000, -bound), bound)).toISOString()
}

/** A duration for a person: "42 s", "5 min", "3 h". */
export function duration(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 120) return `${seconds} s`
  if (seconds < 7200) return `${Math.round(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.round(seconds / 3600)} h`
  return `${Math.round(seconds / 86_400)} days`
}
