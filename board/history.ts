import type { Alarm, Tag } from '../model/index.ts'
import type { AssetHistory } from './messages.ts'
import type { ShownPart } from './part-table.ts'
import { type BoardAsset, limitsOf } from './plant.ts'
import type { SeriesTable } from './series-table.ts'
import { iso } from './time.ts'

/** After the second `from` up to `until`, s UTC; `now` in ms UTC. */
type Span = { from: number; until: number; now: number }

export function historyOf(
  asset: BoardAsset,
  series: SeriesTable,
  events: readonly Alarm[],
  parts: readonly ShownPart[],
  span: Span,
): AssetHistory {
  const scalars = asset.tags.filter(tag => tag.class === 'telemetry')
  return {
    asset: asset.id,
    at: iso(span.now * 1000),
    from: span.from,
    to: span.until,
    tags: scalars.map(tag => tagOf(asset, tag, series, span)),
    signals: signalNames(asset, series).map(name => ({
      name,
      ...ofTag(asset, name),
      latest: series.signal(asset.id, name) ?? null,
      history: series.signalHistory(asset.id, name, span.from, span.until),
    })),
    events: events.map(({ id, signal, state, severity, since, t, value, unit, reason }) => {
      return { id, signal, state, severity, since, t, value, unit, reason }
    }),
    parts: [...parts],
  }
}

function tagOf(asset: BoardAsset, tag: Tag, series: SeriesTable, span: Span): AssetHistory['tags'][number] {
  const latest = series.tag(asset.id, tag.name)
  return {
    name: tag.name,
    unit: tag.unit ?? latest?.unit ?? '',
    description: tag.description ?? '',
    limits: limitsOf(asset, tag.name),
    latest: latest ? { t: latest.t, value: latest.value, good: latest.good } : null,
    history: series.tagHistory(asset.id, tag.name, span.from, span.until),
  }
}

function ofTag(asset: BoardAsset, name: string): { ofTag?: string } {
  const signal = asset.signals.find(declared => declared.name === name)
  return signal?.processor === 'limits' && typeof signal.tag === 'string' ? { ofTag: signal.tag } : {}
}

/** Those declared, in their order, then any other that was heard of. */
function signalNames(asset: BoardAsset, series: SeriesTable): string[] {
  const heard = series.signalsOf(asset.id).map(value => value.signal)
  return [...new Set([...asset.signals.map(signal => signal.name), ...heard])]
}
