import { describe, expect, test } from 'vitest'
import { layOut } from '../../../connectors/s7/layout.ts'
import type { Options, TagAddress } from '../../../connectors/s7/options.ts'
import { pointsOf, stampMicros } from '../../../connectors/s7/points.ts'
import { type DeclaredTag, declare, optionsFor } from './plc.ts'

function points(tags: readonly DeclaredTag[], given: Partial<Options> = {}) {
  return pointsOf({ name: 'plc', options: optionsFor(102, given), tags, stateDir: '/nonexistent' })
}

const hex64 = (value: bigint) => value.toString(16).padStart(16, '0')

const row = (db: number, asset: string): DeclaredTag[] => [
  declare('time', { address: `DB${db},DINT0`, timeFrom: 'time' }, { asset }),
  declare('speed', { address: `DB${db},REAL4`, timeFrom: 'time' }, { asset }),
  declare('load', { address: `DB${db},REAL8`, timeFrom: 'time' }, { asset }),
]

describe('points', () => {
  test('take scanMs and onChange from the tag, then from the source, then from what they are', () => {
    const tags = [
      declare('time', 'DB1,DINT0'),
      declare('plain', 'DB1,INT4'),
      declare('fast', { address: 'DB1,INT6', scanMs: 20, onChange: 'value' }),
      declare('stamped', { address: 'DB1,INT8', timeFrom: 'time' }),
    ]
    const kept = (given?: Partial<Options>) => points(tags, given).map(({ onChange }) => onChange)
    expect(kept()).toEqual(['never', 'never', 'value', 'timeFrom'])
    expect(kept({ onChange: 'timeFrom' })).toEqual(['never', 'never', 'value', 'timeFrom'])
    expect(kept({ onChange: 'value' })).toEqual(['value', 'value', 'value', 'value'])
    expect(points(tags).map(({ scanMs }) => scanMs)).toEqual([50, 50, 20, 50])
  })

  test('timeFrom means the tag of the same asset, or one by its full name', () => {
    const cars = [...row(1, 'a/b/c/car-1'), ...row(2, 'a/b/c/car-2')]
    expect(points(cars).map(point => point.stamp?.address.db)).toEqual([1, 1, 1, 2, 2, 2])
    const far = declare('far', { address: 'DB9,INT0', timeFrom: 'a/b/c/car-2/time' })
    expect(points([...cars, far]).at(-1)?.stamp?.address.db).toBe(2)
  })

  test.each<[string, TagAddress, string, string]>([
    ['an unknown timeFrom', { address: 'DB1,INT0', timeFrom: 'tyme' }, 'timeFrom names no tag', 'time'],
    [
      'onChange without a time',
      { address: 'DB1,INT0', onChange: 'timeFrom' },
      'without a timeFrom',
      'Name the tag',
    ],
    ['a bad address', { address: 'DB1,IND0' }, '"IND" is not a type', 'DB1,INT0'],
  ])('%s is invalid, and names the tag', (_, address, message, hint) => {
    const tags = [declare('time', 'DB1,DINT4'), declare('level', 'DB1,REAL8'), declare('culprit', address)]
    expect(() => points(tags)).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        message: expect.stringMatching(new RegExp(`^test/area/line/plc culprit: .*${message}`)),
        hint: expect.stringContaining(hint),
      }),
    )
  })

  test('a time in a REAL is invalid', () => {
    const tags = [declare('level', 'DB1,REAL8'), declare('value', { address: 'DB1,INT0', timeFrom: 'level' })]
    expect(() => points(tags)).toThrow(/plc level: DB1,REAL8 cannot hold a time/)
  })

  test('a tag alone may name a timeFrom that is not there: so the check of a folder looks at tags', () => {
    expect(points([declare('alone', { address: 'DB1,INT0', timeFrom: 'time' })])[0]?.stamp).toBeUndefined()
  })

  test('a waveform is an array of numbers', () => {
    const wave = (address: string) => [declare('wave', address, { class: 'waveform' })]
    expect(() => points(wave('DB1,REAL0.100'))).not.toThrow()
    for (const address of ['DB1,REAL0', 'DB1,LINT0.9', 'DB1,X0.0.9']) {
      expect(() => points(wave(address))).toThrow(expect.objectContaining({ code: 'config-invalid' }))
    }
  })

  test.each([
    ['DB1,DINT0', undefined, '5d6f9f34', 1567596340_000_000],
    ['DB1,UDINT0', 's', 'f0000000', 4_026_531_840_000_000],
    ['DB1,LINT0', undefined, hex64(1_567_596_392_277n), 1_567_596_392_277_000],
    ['DB1,ULINT0', 'us', hex64(1_567_599_026_497_736n), 1_567_599_026_497_736],
    ['DB1,LWORD0', 'ns', hex64(1_567_591_614_023_454_999n), 1_567_591_614_023_454],
    ['DB1,DTL0', undefined, '07ea011f070c3b3b075bcd15', Date.UTC(2026, 0, 31, 12, 59, 59) * 1000 + 123_456],
    ['DB1,DT0', undefined, '2601311259595997', Date.UTC(2026, 0, 31, 12, 59, 59, 599) * 1000],
    ['DB1,DINT0', undefined, '00000000', undefined],
    ['DB1,DINT0', undefined, 'ffffffff', undefined],
    ['DB1,ULINT0', 'ms', 'ffffffffffffffff', undefined],
    ['DB1,DTL0', undefined, '000000000000000000000000', undefined],
  ] as const)('%s in %s of %s is %s', (address, epochUnit, hex, micros) => {
    const time = declare('time', { address, timeFrom: 'time', ...(epochUnit && { epochUnit }) })
    expect(stampMicros(points([time])[0]!.stamp!, Buffer.from(hex, 'hex'))).toBe(micros)
  })
})

describe('the layout', () => {
  test('reads a row and its time as one range', () => {
    const layout = layOut(points([...row(1, 'a/b/c/d'), ...row(2, 'a/b/c/e')]), 160)
    expect(layout.ranges).toEqual([
      { area: 'DB', db: 1, start: 0, length: 12, mostBytes: 160 },
      { area: 'DB', db: 2, start: 0, length: 12, mostBytes: 160 },
    ])
    expect(layout.places.map(({ range, offset }) => [range, offset])).toEqual([
      [0, 0],
      [0, 4],
      [0, 8],
      [1, 0],
      [1, 4],
      [1, 8],
    ])
    expect(layout.bracket).toEqual([])
  })

  test('brackets a time that is too far from its tags, or in another block', () => {
    const far = (address: string) => [
      declare('time', 'DB1,DINT0'),
      declare('value', { address, timeFrom: 'time' }),
    ]
    for (const address of ['DB1,REAL158', 'DB2,REAL4', 'MD4']) {
      const layout = layOut(points(far(address)), 160)
      expect(layout.bracket, address).toEqual([{ area: 'DB', db: 1, start: 0, length: 4 }])
      expect(layout.ranges).toHaveLength(2)
    }
    expect(layOut(points(far('DB1,REAL156')), 160).bracket).toEqual([])
  })
})
