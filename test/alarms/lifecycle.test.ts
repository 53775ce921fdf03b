import { describe, expect, test } from 'vitest'
import { lifecycle } from '../../alarms/lifecycle.ts'
import type { Alarm, Output, ProcessorEvent, Signal } from '../../model/index.ts'
import { asset, hour, run, second } from '../processors/records.ts'

const options = { clearDelayMs: 5_000, notKnownMs: 10_000 }

function signal(s: number, verdict: Signal['verdict'], name = 'bearing', seq = s + 1): ProcessorEvent {
  const known = verdict !== 'not-known'
  return {
    kind: 'signal',
    signal: {
      v: 1,
      asset,
      signal: name,
      processor: 'limits',
      t: hour + s * second,
      value: known ? s : null,
      unit: 'dB',
      verdict,
      reason: known ? `it is ${verdict}` : 'the cable is out',
      evidence: [{ source: 'press', epoch: 1, from: seq, to: seq }],
    },
  }
}

function alarms(outputs: readonly Output[], topic: 'alarms' | 'alarm-events'): Alarm[] {
  return outputs.flatMap(output => (output.topic === topic ? [output.value] : []))
}

/** `<second>:<state> <severity>` of each change. */
function changes(events: readonly ProcessorEvent[]): string[] {
  const history = alarms(run(lifecycle(options), events), 'alarm-events')
  return history.map(({ t, state, severity }) => `${(t - hour) / second}:${state} ${severity}`)
}

describe('an alarm', () => {
  test('opens at once, with the reason, and is told as state and as event', () => {
    const outputs = run(lifecycle(options), [signal(0, 'normal'), signal(1, 'warning')])
    const expected = {
      v: 1,
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      asset,
      signal: 'bearing',
      state: 'open',
      severity: 'warning',
      since: hour + second,
      t: hour + second,
      value: 1,
      unit: 'dB',
      reason: 'it is warning',
      evidence: [{ source: 'press', epoch: 1, from: 2, to: 2 }],
    }
    expect(outputs).toEqual([
      { topic: 'alarms', value: expected, t: hour + second },
      { topic: 'alarm-events', value: expected, t: hour + second },
    ])
  })

  test('escalates at once and keeps its id and its start', () => {
    const [opened, escalated] = alarms(
      run(lifecycle(options), [signal(0, 'warning'), signal(1, 'warning'), signal(2, 'alarm')]),
      'alarms',
    )
    expect(escalated).toMatchObject({
      id: opened!.id,
      since: opened!.since,
      severity: 'alarm',
      t: hour + 2 * second,
    })
    expect(escalated!.evidence).toEqual([
      { source: 'press', epoch: 1, from: 1, to: 1 },
      { source: 'press', epoch: 1, from: 3, to: 3 },
    ])
  })

  test('clears only after its signal has been normal without a break', () => {
    const flicker = [signal(0, 'alarm'), signal(1, 'normal'), signal(5, 'alarm'), signal(6, 'normal')]
    expect(changes([...flicker, signal(10, 'normal'), signal(11, 'normal')])).toEqual([
      '0:open alarm',
      '11:cleared alarm',
    ])
  })

  test('is lowered after the same delay', () => {
    expect(
      changes([signal(0, 'alarm'), signal(1, 'warning'), signal(5, 'normal'), signal(6, 'warning')]),
    ).toEqual(['0:open alarm', '6:open warning'])
  })

  test('that comes back is another one', () => {
    const again = [signal(0, 'alarm'), signal(1, 'normal'), signal(6, 'normal'), signal(7, 'alarm')]
    const history = alarms(run(lifecycle(options), again), 'alarm-events')
    expect(history.map(({ state }) => state)).toEqual(['open', 'cleared', 'open'])
    expect(new Set(history.map(({ id }) => id)).size).toBe(2)
  })

  test('of another signal of the asset has its own life, whatever its name', () => {
    expect(
      changes([signal(0, 'warning', 'constructor'), signal(1, 'alarm', '__proto__'), signal(2, 'alarm')]),
    ).toEqual(['0:open warning', '1:open alarm', '2:open alarm'])
  })

  test('has an id that only what it stands on decides', () => {
    const id = (...events: ProcessorEvent[]) => alarms(run(lifecycle(options), events), 'alarms').at(-1)!.id
    expect(id(signal(3, 'alarm'))).toBe(id(signal(0, 'normal'), signal(3, 'alarm'), signal(4, 'alarm')))
    expect(id(signal(3, 'alarm'))).not.toBe(id(signal(3, 'alarm', 'bearing', 99)))
    expect(id(signal(3, 'alarm'))).not.toBe(id(signal(3, 'alarm', 'oil')))
  })
})

describe('what is not known', () => {
  test('opens nothing', () => {
    expect(changes([signal(0, 'not-known'), signal(99, 'not-known')])).toEqual([])
  })

  test('clears nothing, and what was normal before it counts no more', () => {
    const events = [
      signal(0, 'alarm'),
      signal(1, 'normal'),
      signal(4, 'not-known'),
      signal(7, 'normal'),
      signal(11, 'normal'),
    ]
    expect(changes([...events, signal(12, 'normal')])).toEqual(['0:open alarm', '12:cleared alarm'])
  })

  test('lowers nothing, and what was lower before it counts no more', () => {
    const events = [signal(0, 'alarm'), signal(1, 'warning'), signal(3, 'not-known'), signal(4, 'warning')]
    expect(changes([...events, signal(8, 'warning'), signal(9, 'warning')])).toEqual([
      '0:open alarm',
      '9:open warning',
    ])
  })

  test('is said in the reason after a while, once, and taken back when it is known again', () => {
    const outputs = run(lifecycle(options), [
      signal(0, 'alarm'),
      signal(1, 'not-known'),
      signal(10, 'not-known'),
      signal(11, 'not-known'),
      signal(30, 'not-known'),
      signal(31, 'alarm'),
    ])
    const history = alarms(outputs, 'alarm-events')
    expect(history.map(({ t, state, reason }) => [(t - hour) / second, state, reason])).toEqual([
      [0, 'open', 'it is alarm'],
      [11, 'open', 'Not known for 10 s whether it lasts: the cable is out. Before: it is alarm'],
      [31, 'open', 'it is alarm'],
    ])
  })
})

test('a signal from before the last change does not turn the time back', () => {
  const outputs = run(lifecycle(options), [signal(5, 'warning'), signal(3, 'alarm')])
  expect(alarms(outputs, 'alarms').map(({ t }) => t - hour)).toEqual([5 * second, 5 * second])
})

test('the defaults of its options hold', () => {
  const outputs = run(lifecycle(), [
    signal(0, 'alarm'),
    signal(1, 'normal'),
    signal(10, 'normal'),
    signal(11, 'normal'),
  ])
  expect(alarms(outputs, 'alarms').map(({ state, t }) => [state, (t - hour) / second])).toEqual([
    ['open', 0],
    ['cleared', 11],
  ])
})
