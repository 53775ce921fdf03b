import { describe, expect, test } from 'vitest'
import { MillraceError, type Signal } from '../../model/index.ts'
import { limits } from '../../processors/limits/index.ts'
import { declared, hour, type Row, run, second, signalsIn, tagNamed, telemetry } from './records.ts'

const tags = [tagNamed('oil', 'Cel')]
const never = { everyMs: 86_400_000 }

/** Signals from one record a value, one second apart; `bad` stands for a sample of bad quality. */
function signals(given: Record<string, unknown>, values: readonly unknown[]): Signal[] {
  const processor = declared(limits, tags, 'oil-too-hot', { tag: 'oil', ...never, ...given })
  const events = values.map((value, i) => {
    const row: Row = { tag: 'oil', t: hour + i * second, value, status: value === 'bad' ? 0x80050000 : 0 }
    return telemetry(i + 1, [row])
  })
  return signalsIn(run(processor, events))
}

/** `<second>:<verdict>` of each. */
const changes = (given: Record<string, unknown>, values: readonly unknown[]) =>
  signals(given, values).map(({ t, verdict }) => `${(t - hour) / second}:${verdict}`)

describe('limits', () => {
  const hot = { warning: { above: 60 }, alarm: { above: 70 } }

  test('tell every change of verdict, once', () => {
    expect(changes(hot, [50, 61, 65, 71, 75, 65, 50, 50])).toEqual([
      '0:normal',
      '1:warning',
      '3:alarm',
      '5:warning',
      '6:normal',
    ])
  })

  test('are not exceeded by a value that equals them', () => {
    expect(changes(hot, [60, 70])).toEqual(['0:normal', '1:warning'])
  })

  test('hold below as well as above', () => {
    const band = { warning: { above: 60, below: 20 }, alarm: { below: 10 } }
    expect(changes(band, [40, 15, 5, 30, 61])).toEqual([
      '0:normal',
      '1:warning',
      '2:alarm',
      '3:normal',
      '4:warning',
    ])
  })

  test('with hysteresis hold on to a verdict until the value is clear of the limit', () => {
    expect(changes({ ...hot, hysteresis: 3 }, [71, 68, 67, 58, 57, 59])).toEqual([
      '0:alarm',
      '2:warning',
      '4:normal',
    ])
  })

  test('with a delay wait that long in source time, and start anew after a break', () => {
    expect(changes({ ...hot, delayMs: 2_000 }, [61, 61, 50, 61, 61, 61])).toEqual(['0:normal', '5:warning'])
    expect(changes({ ...hot, delayMs: 2_000 }, [61, 61, 71, 71, 71])).toEqual([
      '0:normal',
      '2:warning',
      '4:alarm',
    ])
  })

  test('do not know a value that is bad, a text or not finite, and say why', () => {
    const given = signals(hot, [71, 'bad', 'NaN', 71])
    expect(given.map(({ verdict, value }) => [verdict, value])).toEqual([
      ['alarm', 71],
      ['not-known', null],
      ['alarm', 71],
    ])
    expect(given[1]!.reason).toBe('oil is of bad quality (status 0x80050000)')
    expect(signals(hot, ['NaN'])[0]!.reason).toBe('oil is not a finite number but "NaN"')
  })

  test('start the delay anew after what was not known', () => {
    expect(changes({ ...hot, delayMs: 2_000 }, [61, 61, 'bad', 61, 61, 61])).toEqual([
      '0:normal',
      '2:not-known',
      '3:normal',
      '5:warning',
    ])
  })

  test('give the signal out in between, as often as asked for', () => {
    expect(changes({ ...hot, everyMs: 3_000 }, [1, 2, 3, 4, 5, 6, 7])).toEqual([
      '0:normal',
      '3:normal',
      '6:normal',
    ])
  })

  test('read the samples of one record in the order of source time, and no older ones afterwards', () => {
    const processor = declared(limits, tags, 'oil-too-hot', { tag: 'oil', ...hot, ...never })
    const at = (s: number, value: number): Row => ({ tag: 'oil', t: hour + s * second, value })
    const outputs = run(processor, [
      telemetry(1, [at(3, 50), at(1, 71), at(2, 61)]),
      telemetry(2, [at(2, 99)]),
    ])
    expect(signalsIn(outputs).map(({ value }) => value)).toEqual([71, 61, 50])
  })

  test('tell the whole signal, with what it stands on', () => {
    expect(signals(hot, [50, 65, 71]).at(-1)).toEqual({
      v: 1,
      asset: 'demo/hall/line-1/press-1',
      signal: 'oil-too-hot',
      processor: 'limits',
      t: hour + 2 * second,
      value: 71,
      unit: 'Cel',
      verdict: 'alarm',
      limits: { warning: 60, alarm: 70 },
      reason: 'oil is 71 Cel, above its alarm limit of 70 Cel',
      evidence: [{ source: 'press', epoch: 1, from: 2, to: 3 }],
    })
  })

  test.each([
    [
      'a delay that runs',
      { ...hot, delayMs: 5_000, everyMs: 0 },
      [61, 61],
      'oil is 61 Cel, beyond a limit for 1 s; it counts from 5 s on',
    ],
    [
      'hysteresis that holds',
      { ...hot, hysteresis: 5, everyMs: 0 },
      [71, 66],
      'oil is 66 Cel, not yet clear of its alarm limit of 70 Cel for 1 s',
    ],
    ['nothing', hot, [50], 'oil is 50 Cel, within its limits'],
  ])('the reason names %s', (_, given, values, reason) => {
    expect(signals(given, values).at(-1)!.reason).toBe(reason)
  })

  test.each([
    [{ tag: 'oil' }, 'has no limit'],
    [{ tag: 'oil', warning: { above: 70 }, alarm: { above: 60 } }, 'before its warning limit'],
    [{ tag: 'oil', warning: { below: 10 }, alarm: { below: 20 } }, 'before its warning limit'],
    [{ tag: 'oil', warning: { above: 10, below: 20 } }, 'lower limit above its upper'],
    [{ tag: 'water', warning: { above: 10 } }, 'no telemetry tag "water"'],
    [{ tag: 'oil', warning: { over: 10 } }, 'additional properties'],
  ])('refuse %j before anything starts', (given, message) => {
    const create = () => declared(limits, tags, 'oil-too-hot', given)
    expect(create).toThrow(MillraceError)
    expect(create).toThrow(message)
  })
})
