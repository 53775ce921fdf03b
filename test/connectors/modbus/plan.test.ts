import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Limits, plan, type Range } from '../../../connectors/modbus/plan.ts'
import { dueBetween, Schedule } from '../../../connectors/modbus/schedule.ts'

const limits: Limits = { gapRegisters: 8, gapBits: 128, maxRegisters: 125, maxBits: 2000 }
const holding = (start: number, length = 1): Range => ({ unitId: 1, area: 'holding', start, length })
const spans = (ranges: Range[], more: Partial<Limits> = {}, cuts?: Set<number>) =>
  plan(ranges, { ...limits, ...more }, cuts).map(({ start, length }) => [start, length])

describe('the plan', () => {
  test('joins what is near, in any order', () => {
    expect(spans([holding(20), holding(0, 2), holding(10, 4)])).toEqual([[0, 21]])
    expect(spans([holding(0), holding(10)])).toEqual([
      [0, 1],
      [10, 1],
    ])
    expect(spans([holding(0), holding(9)])).toEqual([[0, 10]])
  })

  test('keeps 125 registers and 2000 bits, and what the device allows', () => {
    const many = Array.from({ length: 300 }, (_, i) => holding(i))
    expect(spans(many).map(([, length]) => length)).toEqual([125, 125, 50])
    expect(spans(many, { maxRegisters: 100 }).length).toBe(3)
    const coils = Array.from({ length: 3000 }, (_, i): Range => ({ ...holding(i), area: 'coil' }))
    expect(spans(coils).map(([, length]) => length)).toEqual([2000, 1000])
  })

  test('never joins units or areas, nor over a cut', () => {
    expect(spans([holding(0), { ...holding(1), unitId: 2 }, { ...holding(2), area: 'input' }]).length).toBe(3)
    expect(spans([holding(0), holding(1), holding(2)], {}, new Set([1]))).toEqual([
      [0, 1],
      [1, 2],
    ])
  })

  test('holds every range once, within its block, whatever is asked for', () => {
    const range = fc.record({
      unitId: fc.integer({ min: 0, max: 2 }),
      area: fc.constantFrom('holding' as const, 'coil' as const),
      start: fc.integer({ min: 0, max: 400 }),
      length: fc.constantFrom(1, 2, 4, 125),
    })
    fc.assert(
      fc.property(fc.array(range, { maxLength: 60 }), ranges => {
        const blocks = plan(ranges, limits)
        const seen = blocks.flatMap(block => block.ranges).sort((a, b) => a - b)
        expect(seen).toEqual(ranges.map((_, i) => i))
        for (const block of blocks) {
          for (const { start, length } of block.ranges.map(i => ranges[i]!)) {
            expect(start >= block.start && start + length <= block.start + block.length).toBe(true)
          }
          expect(block.length).toBeLessThanOrEqual(block.area === 'coil' ? 2000 : 125)
        }
      }),
    )
  })
})

describe('the schedule', () => {
  test('keeps its beat, and skips what it has missed', () => {
    const schedule = new Schedule([100, 250], 0)
    const first = schedule.next()
    expect(first).toEqual({ scanMs: 100, nextMs: 0 })
    expect(schedule.scanned(first, 30)).toBe(0)
    expect(first.nextMs).toBe(100)
    expect(schedule.next().scanMs).toBe(250)
    expect(schedule.scanned(first, 430)).toBe(2)
    expect(first.nextMs).toBe(400)
  })

  test('knows what was due between two sessions', () => {
    expect(dueBetween(0, 100, 100)).toBe(0)
    expect(dueBetween(0, 101, 100)).toBe(1)
    expect(dueBetween(0, 1000, 100)).toBe(9)
    expect(dueBetween(1000, 0, 100)).toBe(0)
  })
})
