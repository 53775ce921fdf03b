import { describe, expect, test } from 'vitest'
import type { InRecord } from '../../edge-broker/kafka.ts'
import { Reconciliation } from '../../replicator/reconcile.ts'

const record = (offset: number, text: string): InRecord => ({
  topic: 'export.region.signals',
  partition: 0,
  offset: BigInt(offset),
  timestamp: 1_000 + Number(text.replace(/\D/g, '')),
  key: 'demo/shop/line/press',
  value: Buffer.from(text),
  headers: new Map(),
})

/** The plant's records `r0, r1, ...` at every second offset, as if each had its own transaction. */
const sent = (state: Reconciliation, ...numbers: number[]) => {
  for (const n of numbers) state.sent(record(n * 2, `r${n}`))
}

describe('reconciliation', () => {
  test('counts what arrives in order, whatever its offset there', () => {
    const state = new Reconciliation()
    sent(state, 0, 1, 2)
    expect(state.arrived(record(100, 'r0'), true)).toBe(true)
    expect(state.arrived(record(107, 'r1'), true)).toBe(true)
    expect(state.tally).toMatchObject({ records: 2, missing: 0, repeated: 0 })
    expect(state.waiting).toBe(1)
    expect(state.oldest).toBe(1_002)
  })

  test('a record that is left out is missing once a later one has arrived, not before', () => {
    const state = new Reconciliation()
    sent(state, 0, 1, 2, 3)
    state.arrived(record(0, 'r0'), true)
    expect(state.tally.missing).toBe(0)
    state.arrived(record(1, 'r3'), true)
    expect(state.tally).toMatchObject({ records: 2, missing: 2, repeated: 0 })
    expect(state.waiting).toBe(0)
  })

  test('a second copy is repeated, not counted', () => {
    const state = new Reconciliation()
    sent(state, 0, 1)
    for (const text of ['r0', 'r1', 'r0', 'r1']) state.arrived(record(0, text), true)
    expect(state.tally).toMatchObject({ records: 2, missing: 0, repeated: 2 })
  })

  test('what arrived before its original was read has to wait', () => {
    const state = new Reconciliation()
    sent(state, 0)
    expect(state.arrived(record(5, 'r1'), false)).toBe(false)
    expect(state.next.region).toBe(0n)
    sent(state, 1)
    state.arrived(record(4, 'r0'), false)
    expect(state.arrived(record(5, 'r1'), false)).toBe(true)
    expect(state.tally).toMatchObject({ records: 2, missing: 0, repeated: 0 })
  })

  test('two equal records are two records', () => {
    const state = new Reconciliation()
    state.sent(record(0, 'r7'))
    state.sent(record(1, 'r7'))
    for (const offset of [0, 1, 2]) state.arrived(record(offset, 'r7'), true)
    expect(state.tally).toMatchObject({ records: 2, repeated: 1 })
  })

  test('goes on from its book at any point and finds the same', () => {
    const arrivals = ['r0', 'r2', 'r2', 'r3', 'r5']
    const whole = new Reconciliation()
    sent(whole, 0, 1, 2, 3, 4, 5)
    for (const [offset, text] of arrivals.entries()) whole.arrived(record(offset, text), true)
    for (let stop = 0; stop <= arrivals.length; stop++) {
      const before = new Reconciliation()
      sent(before, 0, 1, 2, 3, 4, 5)
      for (let at = 0; at < stop; at++) before.arrived(record(at, arrivals[at]!), true)
      const after = new Reconciliation(JSON.parse(JSON.stringify(before.book())))
      const first = Number(after.next.edge) / 2
      sent(after, ...[0, 1, 2, 3, 4, 5].filter(n => n >= first))
      for (let at = Number(after.next.region); at < arrivals.length; at++) {
        after.arrived(record(at, arrivals[at]!), true)
      }
      expect(after.tally).toEqual(whole.tally)
    }
    expect(whole.tally).toMatchObject({ records: 4, missing: 2, repeated: 1 })
  })

  test('originals deleted unread are told as vanished, and their copies still counted', () => {
    const state = new Reconciliation()
    state.deleted('edge', 0n, 4n)
    sent(state, 2, 3)
    for (const [offset, text] of ['r0', 'r1', 'r2', 'r3'].entries()) state.arrived(record(offset, text), true)
    expect(state.tally).toMatchObject({ records: 4, missing: 0, repeated: 0, vanished: 4 })
  })

  test('copies deleted uncounted do not make their originals missing', () => {
    const state = new Reconciliation()
    sent(state, 0, 1, 2)
    state.deleted('region', 0n, 2n)
    state.arrived(record(2, 'r2'), true)
    expect(state.tally).toMatchObject({ records: 1, missing: 0, uncounted: 2 })
  })

  test('a side that ends before what was read of it is told, and read on from there', () => {
    const state = new Reconciliation()
    sent(state, 0, 1, 2)
    state.cut('edge', 3n)
    expect(state.tally.cut).toBe(1)
    expect(state.next.edge).toBe(3n)
  })
})
