import { describe, expect, test } from 'vitest'
import { type Beat, Roster } from '../../../edge-broker/lease/roster.ts'

const beat = (server: string, more: Partial<Beat> = {}): Beat => ({
  v: 1,
  server,
  at: 0,
  state: 'here',
  sources: {},
  ...more,
})
const newRoster = () => new Roster({ me: 'p1', deadAfterMs: 5_000, beatMs: 1_000 })

/** Beats of these servers, every second from `from` to `to`. */
function beats(roster: Roster, servers: string[], from: number, to: number): void {
  for (let at = from; at <= to; at += 1_000) for (const server of servers) roster.hear(beat(server), at)
}
const alive = (roster: Roster, at: number) => [...roster.alive(at).keys()].sort()

describe('the roster', () => {
  test('is known once our own beats have come back for a while: then everybody has had the time', () => {
    const roster = newRoster()
    expect(roster.isKnown(0)).toBe(false)
    beats(roster, ['p1'], 0, 2_000)
    expect(roster.isKnown(2_000)).toBe(false)
    beats(roster, ['p1'], 3_000, 3_000)
    expect(roster.isKnown(3_000)).toBe(true)
  })

  test('takes a server for dead after five seconds of silence, not before', () => {
    const roster = newRoster()
    beats(roster, ['p1', 'p2'], 0, 4_000)
    beats(roster, ['p1'], 5_000, 9_000)
    expect(alive(roster, 8_999)).toEqual(['p1', 'p2'])
    expect(alive(roster, 9_000)).toEqual(['p1'])
  })

  test('takes nobody for dead while the topic itself is silent, nor at once when it is back', () => {
    const roster = newRoster()
    beats(roster, ['p1', 'p2'], 0, 4_000)
    expect(alive(roster, 30_000)).toEqual(['p1', 'p2'])
    beats(roster, ['p1'], 31_000, 33_000)
    expect(alive(roster, 33_000)).toEqual(['p1', 'p2'])
    beats(roster, ['p1'], 34_000, 34_000)
    expect(alive(roster, 34_000)).toEqual(['p1'])
  })

  test('who spoke just before we listened may hold a lease: only silence from then on tells', () => {
    const roster = newRoster()
    roster.hear(beat('p2', { sources: { a: 'held' } }), 0, true)
    roster.hear(beat('p1', { sources: { a: 'held' } }), 0, true)
    beats(roster, ['p1'], 0, 5_000)
    expect(alive(roster, 4_999)).toEqual(['p1', 'p2'])
    expect(alive(roster, 5_000)).toEqual(['p1'])
    expect(roster.word('p1', 'a')).toBe('absent')
    expect(roster.word('p2', 'a')).toBe('held')
    expect(roster.word('p2', 'b')).toBe('absent')
    expect(roster.word('p3', 'a')).toBe('unknown')
  })

  test('one that says goodbye is gone at once', () => {
    const roster = newRoster()
    beats(roster, ['p1', 'p2'], 0, 4_000)
    roster.hear(beat('p2', { state: 'leaving', sources: { a: 'failed' } }), 4_100)
    expect(alive(roster, 4_100)).toEqual(['p1'])
    expect(roster.word('p2', 'a')).toBe('settling')
  })
})
