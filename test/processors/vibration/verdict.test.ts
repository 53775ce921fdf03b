import { describe, expect, test } from 'vitest'
import { checkedOptions } from '../../../processors/options.ts'
import { type Fault, faults } from '../../../processors/vibration/bearing.ts'
import { bandCount, type Diagnosis } from '../../../processors/vibration/diagnose.ts'
import { VibrationOptions } from '../../../processors/vibration/options.ts'
import type { Named } from '../../../processors/vibration/reason.ts'
import { verdictOf } from '../../../processors/vibration/verdict.ts'
import { bearing } from './machine.ts'

const checked = checkedOptions(
  VibrationOptions,
  { tag: 'acceleration', rpm: 1_500, bearing, blocks: 1 },
  'test',
)
const options = { ...checked, bearing, name: 'spindle' } as Named
const calm = { rms: 1, peak: 4, crest: 4, kurtosis: 3, lastingKurtosis: 3 }

/** Each fault with its margin in the third band, half of it in the fourth, 3 dB elsewhere; faults not named cannot be told. */
function diagnosis(margins: Partial<Record<Fault, number>>, turns = 40): Diagnosis {
  const perFault = <T>(of: (fault: Fault) => T) =>
    Object.fromEntries(faults.map(fault => [fault, of(fault)])) as Record<Fault, T>
  const bands = Array.from({ length: bandCount }, (_, band) => band)
  const marginIn = (fault: Fault, band: number) => {
    const margin = margins[fault]
    return margin === undefined ? null : band === 2 ? margin : band === 3 ? margin / 2 : Math.min(3, margin)
  }
  return {
    margins: perFault(fault => bands.map(band => marginIn(fault, band))),
    lines: perFault(() => bands.map(() => ({ marginDb: 0, frequencyHz: 90, harmonicsDb: [22, 18, 9] }))),
    cageDb: null,
    turns,
    bands: bands.map(band => ({ lowHz: band * 1_000, highHz: (band + 1) * 1_000 })),
  }
}

type Level = 'normal' | 'warning' | 'alarm'

function verdict(
  margins: Partial<Record<Fault, number>>,
  { turns = 40, level = 'normal' as Level, statistics = calm } = {},
) {
  const latest = diagnosis(margins, turns)
  return verdictOf([latest.margins], latest, statistics, 1_500, level, options)
}

describe('the verdict', () => {
  test.each([
    [{ BPFO: 13.9, BPFI: 3 }, 'normal'],
    [{ BPFO: 14, BPFI: 3 }, 'warning'],
    [{ BPFI: 18 }, 'alarm'],
    [{ BSF2: 10.9 }, 'normal'],
    [{ BSF2: 11 }, 'warning'],
    [{ BSF2: 15 }, 'alarm'],
  ])('of %j is %s: rolling elements need 3 dB less', (margins, expected) => {
    expect(verdict(margins).verdict).toBe(expected)
  })

  test('needs 3 dB less for each halving of the turns, and never less than 10 dB', () => {
    expect(verdict({ BPFO: 11.1 }, { turns: 20 })).toMatchObject({
      verdict: 'warning',
      limits: { warning: 10.99 },
    })
    expect(verdict({ BPFO: 10.9 }, { turns: 20 }).verdict).toBe('normal')
    expect(verdict({ BSF2: 9.9 }, { turns: 8 })).toMatchObject({ verdict: 'normal', limits: { warning: 10 } })
    expect(verdict({ BPFO: 13.9 }, { turns: 80 })).toMatchObject({
      verdict: 'normal',
      limits: { warning: 14 },
    })
  })

  test('holds until the margin is clear of the threshold by the hysteresis', () => {
    expect(verdict({ BPFO: 13.1 }, { level: 'warning' }).verdict).toBe('warning')
    expect(verdict({ BPFO: 12.9 }, { level: 'warning' }).verdict).toBe('normal')
    expect(verdict({ BPFO: 17.1 }, { level: 'alarm' }).verdict).toBe('alarm')
    expect(verdict({ BPFO: 16.9 }, { level: 'alarm' }).verdict).toBe('warning')
  })

  test('names both faults where they cannot be told from each other', () => {
    expect(verdict({ BPFO: 25, BPFI: 23 }).reason).toContain(
      'the outer race or the inner race of bearing spindle',
    )
    expect(verdict({ BPFO: 25, BPFI: 21 }).reason).toContain('the outer race of bearing spindle')
    expect(verdict({ BPFO: 15, BPFI: 13 }).reason).toContain(
      'the outer race of bearing spindle begins to show damage',
    )
  })

  test('counts the harmonics that stand out, and says what it is about', () => {
    expect(verdict({ BSF2: 20 }).reason).toBe(
      'Rolling-element fault frequency (BSF2 90 Hz) stands 20 dB above the envelope noise, 2 harmonics, at 1500 rpm: the rolling element of bearing spindle is damaged',
    )
    expect(verdict({ BPFO: 5 }).reason).toBe(
      'No fault frequency of bearing spindle stands out: the most, BPFO 90 Hz, is 5 dB above the envelope noise at 1500 rpm; 14 dB would count',
    )
  })

  test('is not known where blows go on without a fault line, and normal where a fault line is near', () => {
    const hitting = { ...calm, lastingKurtosis: 9 }
    expect(verdict({ BPFO: 9.9 }, { statistics: hitting })).toMatchObject({
      verdict: 'not-known',
      value: null,
    })
    expect(verdict({ BPFO: 10.1 }, { statistics: hitting })).toMatchObject({ verdict: 'normal', value: 10.1 })
  })

  test('is not known where no fault can be told', () => {
    expect(verdict({})).toMatchObject({
      verdict: 'not-known',
      reason: expect.stringContaining('those of the shaft'),
    })
  })

  test('is on the mean of the blocks in one band, not on the best of each', () => {
    const elsewhere = diagnosis({ BPFO: 30 })
    const moved = { ...elsewhere.margins, BPFO: [3, 30, 3, 3, 15, 3] }
    const { value } = verdictOf([elsewhere.margins, moved], elsewhere, calm, 1_500, 'normal', options)
    expect(value).toBe(16.5)
  })

  test('counts no more than twice the margin of the second best band', () => {
    const alone = diagnosis({ BPFI: 30 })
    const inOne = { ...alone.margins, BPFI: [2, 3, 30, 5, 1, 0] }
    const { verdict, value } = verdictOf([inOne], alone, calm, 1_500, 'normal', options)
    expect({ verdict, value }).toEqual({ verdict: 'normal', value: 10 })
  })
})
