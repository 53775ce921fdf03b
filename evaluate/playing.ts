import type { ProcessorEvent, Signal, Tag } from '../model/index.ts'
import { chainFor, runChain, type States } from '../processors/chain.ts'
import type { SignalSpec } from '../processors/contract.ts'

export const asset = 'recorded/area/line/asset'

/** A row of a recording: one value a tag, all at one time (µs). */
export type Row = { readonly t: number; readonly values: readonly (number | string)[] }

/** What one signal says after every row, as the plant's processors would have said it then: its last signal. */
export function* play(
  tags: readonly Tag[],
  spec: SignalSpec,
  rows: Iterable<Row>,
): Generator<Signal | undefined> {
  const chain = chainFor({ id: asset, tags, signals: [spec] }, [])
  const states: States = new Map()
  const names = tags.map(({ name }) => name)
  let seq = 0
  let last: Signal | undefined
  for (const row of rows) {
    for (const output of runChain(states, chain, eventOf(names, row, ++seq)))
      if (output.topic === 'signals' && output.value.signal === spec.name) last = output.value
    yield last
  }
}

function eventOf(tags: readonly string[], { t, values }: Row, seq: number): ProcessorEvent {
  return {
    kind: 'telemetry',
    record: {
      v: 1,
      asset,
      source: 'recording',
      epoch: 1,
      seq,
      tags: [...tags],
      tag: tags.map((_, at) => at),
      t: tags.map(() => t),
      value: [...values],
      status: tags.map(() => 0),
    },
  }
}

export function tagNamed(name: string, unit?: string): Tag {
  return { asset, name, class: 'telemetry', ...(unit !== undefined && { unit }) }
}
