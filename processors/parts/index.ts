import {
  type Micros,
  type Output,
  type Part,
  type Processor,
  qualityOf,
  type Tag,
  type TelemetryRecord,
} from '../../model/index.ts'
import { tagOf } from '../asset-tag.ts'
import type { ProcessorKind } from '../contract.ts'
import { witness } from '../evidence.ts'
import { numberOf, pointedAt } from '../readings.ts'
import { type CutState, type Cutting, cutBy, newCut } from './cut.ts'
import type { Cycle, Latest, Setting, Waiting } from './cycle.ts'
import { fresh, type Look, surelyScrap } from './judge.ts'
import { type Cut, PartsOptions, refuseParts } from './options.ts'
import { partOf } from './part.ts'
import { type Share, shareSignal } from './share.ts'
import { addTo, newTally } from './tally.ts'

type Options = Setting['options']
type State = {
  /** In the order of source time. */
  waiting: Waiting[]
  newest: Micros | null
  /** Up to here samples were taken; older ones come too late. */
  taken: Micros | null
  late: number
  latest: (Latest | null)[]
  begin: CutState
  end: CutState
  cycle: Cycle | null
  share: Share
}

/**
 * Cuts the telemetry of a machine into parts, takes their features and judges them: one final record a part as soon as
 * its cycle has ended, and one before when it is surely scrap. Everything is in source time.
 */
export const parts: ProcessorKind<PartsOptions> = {
  kind: 'parts',
  options: PartsOptions,
  create(asset, options) {
    refuseParts(asset, options)
    const tags = namesOf(options).map(name => tagOf(asset, options.name, name, 'telemetry'))
    const setting: Setting = { options, tags, asset: asset.id }
    return {
      name: options.name,
      initial: () => newState(tags.length),
      step: (state, event) => [state, event.kind === 'telemetry' ? step(state, event.record, setting) : []],
    } satisfies Processor<State>
  },
}

function namesOf({ begin, end, partIdTag, features }: PartsOptions): string[] {
  const named = [begin.tag, end?.tag, partIdTag, ...features.map(({ tag }) => tag)]
  return [...new Set(named.filter(name => name !== undefined))]
}

function newState(tags: number): State {
  const none = { newest: null, taken: null, late: 0, cycle: null }
  const latest = Array.from({ length: tags }, () => null)
  return { waiting: [], ...none, latest, begin: newCut(), end: newCut(), share: { last: [] } }
}

function step(state: State, record: TelemetryRecord, setting: Setting): Output[] {
  takeIn(state, record, setting)
  if (state.newest === null) return []
  const until = state.newest - setting.options.settleMs * 1_000
  const outputs: Output[] = []
  while (state.waiting.length > 0 && state.waiting[0]!.t <= until) {
    const { t } = state.waiting[0]!
    const together = state.waiting.findIndex(sample => sample.t !== t)
    const group = state.waiting.splice(0, together < 0 ? state.waiting.length : together)
    state.taken = t
    outputs.push(...taken(state, group, t, setting))
  }
  return outputs
}

/** Puts the record's samples where their time is. What comes too late is counted, and makes its tag not known. */
function takeIn(state: State, record: TelemetryRecord, { tags }: Setting): void {
  const { source, epoch, seq } = record
  const index = record.tags.map(name => tags.findIndex(tag => tag.name === name))
  for (let i = 0; i < record.tag.length; i++) {
    const at = pointedAt(index, record.tag[i]) ?? -1
    const t = record.t[i]!
    const status = record.status[i]!
    if (!Number.isSafeInteger(t)) continue
    state.newest = Math.max(state.newest ?? t, t)
    if (at < 0 || !Number.isInteger(status)) continue
    if (state.taken !== null && t < state.taken) tooLate(state, at, t, tags[at]!)
    else state.waiting.push({ at, t, value: record.value[i], status, source, epoch, seq })
  }
  state.waiting.sort((a, b) => a.t - b.t)
}

function tooLate(state: State, at: number, t: Micros, { name }: Tag): void {
  state.late += 1
  if (state.cycle === null || t < state.cycle.start) return
  const ms = Math.ceil((state.taken! - t) / 1_000)
  state.cycle.tallies[at]!.bad ??= `a sample of ${name} came ${ms} ms too late`
}

/** All samples of one moment: what they cut begins and ends there, and they belong to what begins. */
function taken(state: State, group: readonly Waiting[], t: Micros, setting: Setting): Output[] {
  const { options, tags } = setting
  for (const sample of group) {
    state.latest[sample.at] = latestOf(sample, tags[sample.at]!, options)
  }
  const end = options.end && cutIn(state.end, options.end, group, tags)
  const begin = cutIn(state.begin, options.begin, group, tags)
  const outputs: Output[] = []
  if (state.cycle !== null) {
    for (const sample of group) witness(state.cycle.evidence, sample)
    state.cycle.doubt ??= end?.doubt ?? begin.doubt ?? missedEnd(begin, end)
    if (end?.cut || begin.cut) outputs.push(...close(state, t, setting))
  }
  if (begin.cut) state.cycle = opened(state, group, t, begin, setting)
  return [...outputs, ...during(state, group, t, setting)]
}

function missedEnd(begin: Cutting, end: Cutting | undefined): string | null {
  return end && begin.cut && !end.cut ? 'the next part began before the end of this one was seen' : null
}

/** A part id may be text; whatever else is watched is a number. */
function latestOf(sample: Waiting, tag: Tag, { partIdTag, features }: Options): Latest {
  const { t, value, status } = sample
  const isId = tag.name === partIdTag && features.every(feature => feature.tag !== tag.name)
  if (isId && typeof value === 'string' && qualityOf(status) === 'good') return { t, value, isText: true }
  return { t, value: numberOf(sample, tag) }
}

function cutIn(state: CutState, cut: Cut, group: readonly Waiting[], tags: readonly Tag[]): Cutting {
  const found = group
    .filter(({ at }) => tags[at]!.name === cut.tag)
    .map(sample => cutBy(state, cut, sample, tags[sample.at]!))
  return found.find(({ cut }) => cut) ?? found.at(-1) ?? { cut: false }
}

function opened(
  { latest }: State,
  group: readonly Waiting[],
  t: Micros,
  { unseen }: Cutting,
  { options, tags }: Setting,
): Cycle {
  const cycle: Cycle = {
    start: t,
    part: idAt(latest, t, options, tags),
    held: tags.map(({ name }, at) => fresh(latest[at] ?? null, t, name, options.maxAgeMs)),
    tallies: tags.map(() => newTally(t)),
    doubt: unseen ?? null,
    revisions: 0,
    evidence: [],
  }
  for (const sample of group) witness(cycle.evidence, sample)
  return cycle
}

function idAt(
  latest: State['latest'],
  t: Micros,
  { partIdTag, maxAgeMs }: Options,
  tags: readonly Tag[],
): string | null {
  const at = tags.findIndex(({ name }) => name === partIdTag)
  const known = latest[at]
  if (known?.isText) return String(known.value)
  const number = fresh(known ?? null, t, partIdTag!, maxAgeMs)
  return typeof number === 'number' ? String(number) : null
}

/** The samples are added to the cycle that lasts, and tell whether it can still become a good part. */
function during(state: State, group: readonly Waiting[], t: Micros, setting: Setting): Output[] {
  const { cycle } = state
  if (cycle === null) return []
  for (const sample of group) {
    const value = numberOf(sample, setting.tags[sample.at]!)
    const held = cycle.held[sample.at]
    const tally = cycle.tallies[sample.at]!
    if (typeof value === 'string') tally.bad ??= value
    else addTo(tally, cycle.start, t, value, typeof held === 'number' ? held : undefined)
  }
  const look: Look = { cycle, latest: state.latest, t, ended: false, options: setting.options }
  if (cycle.revisions > 0 || !isSurelyScrap(look, setting)) return []
  return [{ topic: 'parts', t, value: given(cycle, partOf(look, setting, state.late)) }]
}

function isSurelyScrap(look: Look, { options, tags }: Setting): boolean {
  return options.features.some(feature => {
    const at = tags.findIndex(({ name }) => name === feature.tag)
    return surelyScrap(feature, at, look) !== undefined
  })
}

function close(state: State, t: Micros, setting: Setting): Output[] {
  const cycle = state.cycle!
  const look: Look = { cycle, latest: state.latest, t, ended: true, options: setting.options }
  const part = given(cycle, partOf(look, setting, state.late))
  state.cycle = null
  state.late = 0
  return [
    { topic: 'parts', t, value: part },
    { topic: 'signals', t, value: shareSignal(state.share, part, setting.options.scrapShare) },
  ]
}

function given(cycle: Cycle, part: Part): Part {
  cycle.revisions += 1
  return part
}
