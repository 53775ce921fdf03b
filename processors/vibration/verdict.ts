import type { Signal } from '../../model/index.ts'
import type { Statistics } from '../waveform/statistics.ts'
import { type Fault, faults } from './bearing.ts'
import { bandCount, type Diagnosis, fullTurns, type Margins } from './diagnose.ts'
import { type Candidate, damage, harmonicDb, impulsive, type Named, quiet } from './reason.ts'

/** Less is needed of a rolling element: it tumbles, which smears its lines, and nothing else puts lines where they are. */
const easierDb: Readonly<Record<Fault, number>> = { BPFO: 0, BPFI: 0, BSF2: 3 }
/** Noise alone reaches 7 dB now and then: no threshold is below this. */
const leastDb = 10
/** Two faults that both count, and are no further apart, cannot be told from each other. */
const apartDb = 3
/**
 * A blow rings in more than one band: in the second best its lines stand at least half as far out, in dB, or the margin
 * counts for no more than twice that. Balls of the Case Western Reserve recordings look like the inner race in one band.
 */
const supported = 2
/** So far below its threshold, a fault cannot be what makes a signal impulsive. */
const farDb = 4

export type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason'> &
  Partial<Pick<Signal, 'limits' | 'details'>>

type Known = 'normal' | 'warning' | 'alarm'

/** The verdict on the mean of the last blocks' margins. `level` is where it stood: hysteresis holds on to it. */
export function verdictOf(
  recent: readonly Diagnosis['margins'][],
  latest: Diagnosis,
  statistics: Statistics,
  rpm: number,
  level: Known,
  options: Named,
): Judgement {
  const [first, second] = candidates(recent)
  if (first === undefined)
    return notKnown('Not diagnosable: the fault lines of this bearing cannot be told from those of the shaft')
  const limits = limitsFor(first.fault, latest.turns, options)
  const verdict = levelOf(first.marginDb, limits, level, options.hysteresisDb)
  const details = detailsOf(first, recent, latest, statistics, rpm)
  const value = rounded(first.marginDb)
  if (recent.length < options.blocks)
    return { ...notKnown(`Not known yet: ${recent.length} of ${options.blocks} blocks`), details }
  if (verdict === 'normal') {
    const far = first.marginDb < limits.warning - farDb
    if (far && statistics.lastingKurtosis > options.impulsiveKurtosis)
      return { ...notKnown(impulsive(statistics, options)), details }
    return { verdict, value, limits, details, reason: quiet(first, latest, rpm, limits.warning, options) }
  }
  const unclear =
    second !== undefined &&
    second.marginDb > first.marginDb - apartDb &&
    second.marginDb >= limitsFor(second.fault, latest.turns, options).warning
  const reason = damage(first, unclear ? second : undefined, latest, rpm, verdict, options)
  return { verdict, value, limits, details, reason }
}

export function notKnown(reason: string): Judgement {
  return { verdict: 'not-known', value: null, reason }
}

/** Every fault that can be told, the one that exceeds its threshold most first. */
function candidates(recent: readonly Diagnosis['margins'][]): Candidate[] {
  return faults
    .flatMap(fault => strongest(fault, recent) ?? [])
    .sort((a, b) => b.marginDb + easierDb[b.fault] - (a.marginDb + easierDb[a.fault]))
}

/** The band in which the mean of the fault's margins is largest, as far as a second band agrees. */
function strongest(fault: Fault, recent: readonly Diagnosis['margins'][]): Candidate | undefined {
  const [best, second] = Array.from({ length: bandCount }, (_, band) => {
    const marginDb = mean(recent.map(margins => margins[fault][band] ?? null))
    return marginDb === null ? [] : [{ fault, band, marginDb }]
  })
    .flat()
    .sort((a, b) => b.marginDb - a.marginDb)
  if (best === undefined || second === undefined) return undefined
  return { ...best, marginDb: Math.min(best.marginDb, supported * second.marginDb) }
}

/** Of those that are known; null when none is. */
function mean(margins: Margins): number | null {
  const known = margins.filter(margin => margin !== null)
  return known.length === 0 ? null : known.reduce((sum, margin) => sum + margin, 0) / known.length
}

type Limits = { readonly warning: number; readonly alarm: number }

/** The thresholds of a fault in spectra of so many turns. */
function limitsFor(fault: Fault, turns: number, { warningDb, alarmDb }: Named): Limits {
  const easier = easierDb[fault] + Math.max(0, 10 * Math.log10(fullTurns / turns))
  const of = (db: number) => Math.max(leastDb, rounded(db - easier))
  return { warning: of(warningDb), alarm: of(alarmDb) }
}

function levelOf(marginDb: number, { warning, alarm }: Limits, level: Known, hysteresisDb: number): Known {
  if (marginDb >= alarm - (level === 'alarm' ? hysteresisDb : 0)) return 'alarm'
  return marginDb >= warning - (level === 'normal' ? 0 : hysteresisDb) ? 'warning' : 'normal'
}

function detailsOf(
  { fault, band }: Candidate,
  recent: readonly Diagnosis['margins'][],
  latest: Diagnosis,
  { rms, peak, crest, kurtosis, lastingKurtosis }: Statistics,
  rpm: number,
): NonNullable<Signal['details']> {
  const lines = latest.lines[fault][band]
  const marginOf = (fault: Fault) => rounded(strongest(fault, recent)?.marginDb ?? null)
  return {
    rms: Number(rms.toPrecision(6)),
    peak: Number(peak.toPrecision(6)),
    crest: rounded(crest),
    kurtosis: rounded(kurtosis),
    lastingKurtosis: rounded(lastingKurtosis),
    rpm: rounded(rpm),
    fault,
    faultHz: rounded(lines?.frequencyHz ?? null),
    faultOrder: lines === undefined ? null : Number(((lines.frequencyHz * 60) / rpm).toFixed(4)),
    harmonics: lines?.harmonicsDb.filter(db => db >= harmonicDb).length ?? 0,
    sidebandsDb: rounded(lines?.sidebandsDb ?? null),
    bpfoDb: marginOf('BPFO'),
    bpfiDb: marginOf('BPFI'),
    bsf2Db: marginOf('BSF2'),
    ftfDb: rounded(latest.cageDb),
    bandLowHz: rounded(latest.bands[band]?.lowHz ?? null),
    bandHighHz: rounded(latest.bands[band]?.highHz ?? null),
  }
}

/** Two decimals: more would only make records longer. */
export function rounded(value: number): number
export function rounded(value: number | null): number | null
export function rounded(value: number | null): number | null {
  return value === null ? null : Math.round(value * 100) / 100
}
