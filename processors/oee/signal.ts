import type { Evidence, Micros, Output, Signal } from '../../model/index.ts'
import { beyond } from '../limits/judge.ts'
import type { OeeOptions } from './options.ts'
import { type Effect, effectOf, madeIn, stoppedTime, type Tally } from './tally.ts'

type Named = OeeOptions & { readonly name: string }

/** The OEE of a shift, in %, as it stands at `t`, or when it has ended. */
export function oeeSignal(
  tally: Tally,
  t: Micros,
  ended: boolean,
  { evidence, late }: { readonly evidence: readonly Evidence[]; readonly late: number },
  { asset, options }: { readonly asset: string; readonly options: Named },
): Output {
  const effect = effectOf(tally, options.idealCycleMs * 1_000, madeIn(tally, options))
  const value = effect.oee === null ? null : 100 * effect.oee
  const signal: Signal = {
    v: 1,
    asset,
    signal: options.name,
    processor: 'oee',
    t,
    value,
    unit: '%',
    verdict: value === null ? 'not-known' : ended ? verdictOn(effect, options) : 'normal',
    reason: reasonOf(tally, effect, ended),
    details: {
      ...detailsOf(tally, effect, ended),
      ...(options.parts !== undefined && { notJudged: effect.notJudged }),
      late,
    },
    evidence: structuredClone([...evidence]),
  }
  return { topic: 'signals', t, value: signal }
}

/** Not known where it depends on parts that could not be judged. */
function verdictOn({ oee, atMost }: Effect, options: OeeOptions): Signal['verdict'] {
  const [least, most] = [oee, atMost].map(share => verdictOf(100 * share!, options)) as [Verdict, Verdict]
  return least === most ? least : 'not-known'
}

type Verdict = 'normal' | 'warning' | 'alarm'

function verdictOf(value: number, { warning, alarm }: OeeOptions): Verdict {
  if (beyond(value, alarm, 0)) return 'alarm'
  return beyond(value, warning, 0) ? 'warning' : 'normal'
}

function detailsOf(tally: Tally, effect: Effect, ended: boolean): NonNullable<Signal['details']> {
  return {
    shift: tally.name,
    start: tally.start,
    end: tally.end,
    ended: ended ? 'yes' : 'no',
    availability: percent(effect.availability),
    performance: percent(effect.performance),
    quality: percent(effect.quality),
    runningS: tally.running / 1e6,
    stoppedS: stoppedTime(tally) / 1e6,
    notKnownS: tally.unknown / 1e6,
    parts: effect.total,
    good: effect.good,
  }
}

const percent = (share: number | null): number | null => (share === null ? null : 100 * share)

function reasonOf(
  tally: Tally,
  { availability, performance, quality, oee, atMost, good, total, notJudged }: Effect,
  ended: boolean,
): string {
  const shift = `shift ${tally.name}${ended ? '' : ' so far'}`
  if (availability === null) return `The state of the machine was not known in ${shift}`
  if (oee === null) return `None of the ${total} parts of ${shift} could be judged`
  const stop = tally.stopped.toSorted(([, a], [, b]) => b - a)[0]
  const stops = stop ? ` (stopped ${minutes(stoppedTime(tally))}, most of it in "${stop[0]}")` : ''
  const parts = [
    `availability ${text(availability)}${stops}`,
    `performance ${text(performance)}${(performance ?? 0) > 1 ? ' (parts come faster than the ideal cycle time)' : ''}`,
    `quality ${text(quality)} (${good} of ${total} parts good${notJudged > 0 ? `, ${notJudged} could not be judged` : ''})`,
  ]
  const doubt = tally.unknown > 0 ? `; for ${minutes(tally.unknown)} its state was not known` : ''
  const unjudged = notJudged > 0 ? `; had those been good, OEE would be ${text(atMost)}` : ''
  return `OEE ${text(oee)} in ${shift}: ${parts.join(', ')}${unjudged}${doubt}`
}

const text = (share: number | null) =>
  share === null ? 'not known' : `${Number((100 * share).toPrecision(3))} %`
const minutes = (micros: Micros) => `${Number((micros / 6e7).toPrecision(3))} min`
