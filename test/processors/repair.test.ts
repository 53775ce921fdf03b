import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../model/index.ts'
import { processorKinds } from '../../processors/index.ts'
import { declared, hour, run, second, signalsIn, tagNamed } from './records.ts'
import { events, minute, steadyNoise } from './series.ts'

const tags = [tagNamed('oil', 'Cel'), tagNamed('load', 'kW')]
const kindOf = (name: string) => processorKinds.find(({ kind }) => kind === name)!
const repair: ProcessorEvent = { kind: 'repair', t: hour + 100 * minute }
const both = [...events(600, second, { oil: steadyNoise(1), load: steadyNoise(2) })]

const learners: [string, Record<string, unknown>][] = [
  ['anomaly', { tags: ['oil', 'load'] }],
  ['autoencoder', { tags: ['oil', 'load'], learnMinutes: 1 }],
  ['baseline', { tag: 'oil', learnSteps: 20, stepMs: 0 }],
  ['drift', { tag: 'oil' }],
  ['half-space-trees', { tags: ['oil', 'load'] }],
  ['multivariate', { tags: ['oil', 'load'] }],
]

/** The state after the events, as the changelog keeps it. */
function stateAfter(name: string, given: Record<string, unknown>, of: readonly ProcessorEvent[]): unknown {
  const processor = declared(kindOf(name), tags, 'x', given)
  let state = processor.initial()
  for (const event of of) state = processor.step(state, event)[0]
  return JSON.parse(JSON.stringify(state))
}

describe('a repair', () => {
  test.each(learners)('begins %s anew', (name, given) => {
    const initial = stateAfter(name, given, [])
    expect(stateAfter(name, given, both)).not.toEqual(initial)
    expect(stateAfter(name, given, [...both, repair])).toEqual(initial)
  })

  test('begins a trend anew', () => {
    const asset = { id: tags[0]!.asset, tags }
    const processor = kindOf('trend').create(asset, { name: 'x', ofSignal: 'y', baselineValues: 20 } as never)
    const signal = {
      v: 1,
      asset: asset.id,
      signal: 'y',
      processor: 'limits',
      t: hour,
      value: 1,
      unit: 'mm/s',
    }
    const state = processor.step(processor.initial(), {
      kind: 'signal',
      signal: { ...signal, verdict: 'normal', reason: '', evidence: [] } as Signal,
    })[0]
    expect(state).not.toEqual(processor.initial())
    expect(processor.step(state, repair)).toEqual([processor.initial(), []])
  })

  test('leaves what has learned nothing as it is', () => {
    const given = { tag: 'oil', alarm: { above: 90 } }
    expect(stateAfter('limits', given, [...both, repair])).toEqual(stateAfter('limits', given, both))
  })

  test('makes what was known not known, until it is learned again', () => {
    const processor = declared(kindOf('baseline'), tags, 'x', { tag: 'oil', learnSteps: 20, stepMs: 0 })
    const verdicts = (of: ProcessorEvent[]) => signalsIn(run(processor, of)).map(({ verdict }) => verdict)
    const [before, after] = [both.slice(0, 300), both.slice(300)]
    expect(verdicts([...before, ...after]).at(-1)).toBe('normal')
    expect(verdicts([...before, repair, after[0]!]).slice(-2)).toEqual(['normal', 'not-known'])
    expect(verdicts([...before, repair, ...after]).at(-1)).toBe('normal')
  })
})
