import { describe, expect, test } from 'vitest'
import type { Outcome } from '../../../connectors/s7/blocks.ts'
import { layOut } from '../../../connectors/s7/layout.ts'
import type { OnChange } from '../../../connectors/s7/options.ts'
import { pointsOf } from '../../../connectors/s7/points.ts'
import { type Bracketed, Sampler } from '../../../connectors/s7/sampler.ts'
import { status } from '../../../model/index.ts'
import { Collector } from '../collector.ts'
import { type DeclaredTag, declare, optionsFor } from './plc.ts'

const at = 1_700_000_000_000_000
const good = (hex: string): Outcome => {
  const bytes = Buffer.from(hex, 'hex')
  return { code: 0xff, bytes, start: 0, length: bytes.length, at }
}
const refused: Outcome = { code: 0x0a, bytes: Buffer.alloc(0), start: 0, length: 0, at }
const hour = '5d6f9f34' // 1567596340 s

type Steps = readonly (readonly [{ readonly id: string }, string])[]

function sampler(tags: readonly DeclaredTag[], togetherBytes = 160, remembered: Steps = []) {
  const collector = new Collector()
  const points = pointsOf({ name: 'plc', options: optionsFor(102), tags, stateDir: '' })
  const steps = new Map(remembered.map(([{ id }, step]) => [id, step]))
  const stepOf = ({ id }: { id: string }) => steps.get(id)
  const sampler = new Sampler(points, layOut(points, togetherBytes), collector.report, stepOf)
  const brief = (outcomes: readonly Outcome[], bracket: readonly Bracketed[] = []) =>
    sampler
      .samples({ outcomes, bracket })
      .samples.map(({ tag, value, t, status }) => [tag.name, value, t, status])
  return { collector, sampler, brief }
}
const stamped = (onChange: OnChange = 'timeFrom') => [
  declare('time', { address: 'DB1,DINT0', timeFrom: 'time' }),
  declare('value', { address: 'DB1,INT4', timeFrom: 'time', onChange }),
]

describe('samples of a scan', () => {
  test('have the time of the answer, and are all there', () => {
    const { brief } = sampler([declare('a', 'DB1,INT0'), declare('b', 'DB1,X2.0')])
    const expected = [
      ['a', 5, at, status.good],
      ['b', true, at, status.good],
    ]
    expect(brief([good('0005'), good('01')])).toEqual(expected)
    expect(brief([good('0005'), good('01')])).toEqual(expected)
  })

  test('a refused item is bad, without a value, and reported once with what to do', () => {
    const { brief, collector, sampler: under } = sampler([declare('a', 'DB7,INT0')])
    expect(brief([good('0005')])).toEqual([['a', 5, at, status.good]])
    expect(brief([refused])).toEqual([['a', null, at, status.badNodeIdUnknown]])
    expect(under.samples({ outcomes: [refused], bracket: [] }).samples[0]).toMatchObject({ code: 0x0a })
    expect(collector.problems.get('a')).toMatchObject({
      code: 'bad-address',
      hint: expect.stringContaining('Optimized block access'),
    })
    brief([good('0006')])
    expect(collector.problems.size).toBe(0)
  })

  test('bytes that are no value are bad, whatever the device said', () => {
    const { brief, collector } = sampler([declare('text', 'DB1,S0.2'), declare('short', 'DB1,DINT8')])
    expect(brief([good('02096162'), good('0001')])).toEqual([
      ['text', null, at, status.badDecodingError],
      ['short', null, at, status.badDecodingError],
    ])
    expect(collector.problems.get('text')?.code).toBe('bad-payload')
  })

  test('onChange value leaves out what is the same, and tells quality', () => {
    const { brief } = sampler([
      declare('a', { address: 'DB1,X0.0', onChange: 'value' }),
      declare('b', { address: 'DB1,REAL2', onChange: 'value' }),
    ])
    const names = (outcomes: Outcome[]) => brief(outcomes).map(([name]) => name)
    expect(names([good('01'), good('7fc00000')])).toEqual(['a', 'b'])
    expect(names([good('03'), good('7fc00000')])).toEqual([]) // another bit of the byte; NaN is NaN
    expect(names([good('02'), good('3f800000')])).toEqual(['a', 'b'])
    expect(names([good('02'), refused])).toEqual(['b'])
    expect(names([good('02'), refused])).toEqual([])
    expect(names([good('02'), good('3f800000')])).toEqual(['b'])
  })

  test('a step has its own time, and comes once', () => {
    const { brief } = sampler(stamped())
    const t = 1_567_596_340_000_000
    expect(brief([good(`${hour}0007`)])).toEqual([
      ['time', 1_567_596_340, t, status.good],
      ['value', 7, t, status.good],
    ])
    expect(brief([good(`${hour}0007`)])).toEqual([])
    expect(brief([good('5d6f9f350007')]).map(([name, , time]) => [name, time])).toEqual([
      ['time', t + 1_000_000],
      ['value', t + 1_000_000],
    ])
  })

  test('a step of an earlier session does not come again', () => {
    const first = sampler(stamped())
    const { steps } = first.sampler.samples({ outcomes: [good(`${hour}0007`)], bracket: [] })
    const second = sampler(stamped(), 160, steps)
    expect(second.brief([good(`${hour}0007`)])).toEqual([])
    expect(second.brief([good('5d6f9f350008')])).toHaveLength(2)
    expect(second.collector.lost).toEqual([])
  })

  test('steps that may have passed between two sessions are lost, how many is unknown', () => {
    const first = sampler(stamped())
    const { steps } = first.sampler.samples({ outcomes: [good(`${hour}0007`)], bracket: [] })
    const second = sampler(stamped(), 160, steps)
    expect(second.brief([good('5d6f9f990008')])).toHaveLength(2)
    expect(second.brief([good('5d6f9f9a0008')])).toHaveLength(2)
    expect(second.collector.lost).toEqual([
      { tag: 'time', cause: 'outage', count: 'unknown' },
      { tag: 'value', cause: 'outage', count: 'unknown' },
    ])
  })

  test('a field that holds no time makes good values uncertain, with the time of the answer', () => {
    const { brief, collector } = sampler(stamped())
    expect(brief([good('000000000007')])).toEqual([
      ['time', 0, at, status.uncertain],
      ['value', 7, at, status.uncertain],
    ])
    expect(brief([good('000000000007')])).toEqual([])
    expect(collector.problems.get('value')?.message).toContain('holds no time')
    brief([good(`${hour}0007`)])
    expect(collector.problems.size).toBe(0)
  })

  test('a time that changes while its tags are read is not theirs', () => {
    const tags = [declare('time', 'DB1,DINT0'), declare('value', { address: 'DB2,INT0', timeFrom: 'time' })]
    const { brief } = sampler(tags)
    const value = (before: string, after: string) =>
      brief([good(after), good('0007')], [{ before: good(before), after: good(after) }]).filter(
        ([name]) => name === 'value',
      )
    expect(value(hour, hour)).toEqual([['value', 7, 1_567_596_340_000_000, status.good]])
    expect(value(hour, hour)).toEqual([])
    expect(value(hour, '5d6f9f35')).toEqual([['value', 7, at, status.uncertain]])
    expect(value('5d6f9f35', '5d6f9f35')).toEqual([['value', 7, 1_567_596_341_000_000, status.good]])
  })
})
