import { describe, expect, test } from 'vitest'
import { MillraceError, type Output } from '../../model/index.ts'
import { checkPolicy, exportable, exportsOf } from '../../replicator/export.ts'

const signal: Output = {
  topic: 'signals',
  t: 5,
  value: {
    v: 1,
    asset: 'a/b/c/d',
    signal: 's',
    processor: 'limits',
    t: 5,
    value: 1,
    unit: '',
    verdict: 'normal',
    reason: '',
    evidence: [],
  },
}

describe('the export policy', () => {
  test('copies what it names to a topic of the destination', () => {
    expect(exportsOf({ name: 'region', exports: ['signals', 'alarms'] }, signal)).toEqual([
      { topic: 'export.region.signals', value: signal.value, t: 5 },
    ])
  })

  test('keeps what it does not name in the plant', () => {
    expect(exportsOf({ name: 'region', exports: ['alarms'] }, signal)).toEqual([])
    expect(exportsOf({ name: 'region', exports: [] }, signal)).toEqual([])
  })

  test('may name every derived topic', () => {
    expect(() => checkPolicy({ name: 'region', exports: exportable })).not.toThrow()
  })

  test.each([
    'telemetry',
    'waveforms',
    'dead-letter',
    'commands',
    'command-results',
    'ledger',
    'activations',
    'models',
    'signal',
    'constructor',
    'export.region.signals',
  ])('refuses %s before anything starts, and says what may leave', topic => {
    const check = () => checkPolicy({ name: 'region', exports: ['signals', topic] })
    expect(check).toThrow(`"${topic}" may not be exported: raw data stays in the plant`)
    try {
      check()
    } catch (error) {
      expect(error).toBeInstanceOf(MillraceError)
      expect(error).toMatchObject({ code: 'config-invalid', hint: expect.stringContaining('aggregates-1m') })
    }
  })

  test('tells all refused topics at once', () => {
    expect(() => checkPolicy({ name: 'region', exports: ['telemetry', 'waveforms'] })).toThrow(
      '"telemetry", "waveforms"',
    )
  })

  test.each(['', 'Region', 'a.b', 'a/b', '-a'])('refuses the destination "%s"', name => {
    expect(() => checkPolicy({ name, exports: [] })).toThrow('cannot name a destination')
  })

  test('lets nothing raw out even where it was not checked', () => {
    const raw = { ...signal, topic: 'telemetry' } as unknown as Output
    expect(exportsOf({ name: 'region', exports: ['telemetry'] }, raw)).toEqual([])
  })
})
