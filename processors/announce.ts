import { Type } from 'typebox'
import type { Evidence, Micros, Output, Signal } from '../model/index.ts'

/** How often a verdict that stays is given out; spread into the options of a kind. */
export function everyOption(defaultMs = 60_000) {
  return {
    everyMs: Type.Integer({
      minimum: 0,
      default: defaultMs,
      description:
        'The signal is given out at every change of verdict, and else this often, ms of source time.',
    }),
  }
}

/** What was given out last. */
export type Announced = { verdict: Signal['verdict'] | null; at: Micros }

export function notAnnounced(): Announced {
  return { verdict: null, at: 0 }
}

/** Whether this verdict is due to be given out at `t`; remembers it then. */
export function isDue(
  announced: Announced,
  t: Micros,
  verdict: Signal['verdict'],
  { everyMs }: { readonly everyMs: number },
): boolean {
  if (verdict === announced.verdict && t < announced.at + everyMs * 1_000) return false
  announced.verdict = verdict
  announced.at = t
  return true
}

/** What a processor makes of its samples: everything of a signal but its names and where it comes from. */
export type Opinion = Pick<Signal, 'verdict' | 'value' | 'limits' | 'details'> & {
  /** A sentence is only made where the signal is given out, which is once in many samples. */
  readonly reason: string | (() => string)
}

export function notKnown(reason: string): Opinion {
  return { verdict: 'not-known', value: null, reason }
}

export type Names = Pick<Signal, 'asset' | 'signal' | 'processor' | 'unit'>

export function signalOutput(
  names: Names,
  t: Micros,
  opinion: Opinion,
  evidence: readonly Evidence[],
): Output {
  const reason = typeof opinion.reason === 'string' ? opinion.reason : opinion.reason()
  const value: Signal = { v: 1, ...names, t, ...opinion, reason, evidence: structuredClone([...evidence]) }
  return { topic: 'signals', t, value }
}
