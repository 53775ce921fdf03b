import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  answerBytes,
  type Block,
  type Limits,
  maxBlockBytes,
  plan,
  type Range,
  requestBytes,
} from '../../../connectors/s7/plan.ts'

const framing = 7
const range: fc.Arbitrary<Range> = fc.record(
  {
    area: fc.constantFrom('DB', 'M', 'I'),
    db: fc.constantFrom(0, 1, 2),
    start: fc.nat(3000),
    length: fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 2500 })),
    mostBytes: fc.integer({ min: 10, max: 500 }),
  },
  { requiredKeys: ['area', 'db', 'start', 'length'] },
)
// What has to come in one copy fits one.
const ranges = fc.array(
  range.map(
    ({ mostBytes, ...rest }): Range =>
      mostBytes === undefined ? rest : { ...rest, mostBytes, length: Math.min(rest.length, mostBytes, 200) },
  ),
  { maxLength: 120 },
)
const limits: fc.Arbitrary<Limits> = fc.record({
  pduLength: fc.integer({ min: 240, max: 960 }),
  gapBytes: fc.nat(100),
})

/** Every byte that the blocks of a range cover. */
function covered(blocks: readonly Block[], index: number): Set<number> {
  const own = blocks.filter(block => block.ranges.includes(index))
  return new Set(own.flatMap(({ start, length }) => Array.from({ length }, (_, i) => start + i)))
}

/** The longest row of bytes in the block that none of its ranges wants. */
function unwanted({ start, length }: Block, members: readonly Range[]): number {
  let end = start
  let longest = 0
  for (const member of members.toSorted((a, b) => a.start - b.start)) {
    longest = Math.max(longest, member.start - end)
    end = Math.max(end, member.start + member.length)
  }
  return Math.max(longest, start + length - end)
}

/** Every way to deal the ranges out to requests, and in each to join neighbours. */
function fewestRequests(ranges: readonly Range[], limits: Limits): number {
  let best = ranges.length
  const deal = (index: number, requests: Range[][]): void => {
    if (requests.length >= best) return
    if (index === ranges.length) {
      if (requests.every(request => fitsSomehow(request, limits))) best = requests.length
      return
    }
    for (let i = 0; i <= requests.length; i++) {
      const dealt = requests.map((request, j) => (i === j ? [...request, ranges[index]!] : request))
      deal(index + 1, i === requests.length ? [...requests, [ranges[index]!]] : dealt)
    }
  }
  deal(0, [])
  return best
}

function fitsSomehow(ranges: readonly Range[], { pduLength, gapBytes }: Limits): boolean {
  for (let joins = 0; joins < 2 ** (ranges.length - 1); joins++) {
    const lengths: number[] = []
    let isAllowed = true
    let end = 0
    for (const [i, { start, length }] of ranges.entries()) {
      if (i > 0 && (joins >> (i - 1)) & 1) {
        isAllowed &&= start - end <= gapBytes
        lengths.push(lengths.pop()! + start - end + length)
      } else lengths.push(length)
      end = start + length
    }
    const most = pduLength + framing
    if (isAllowed && requestBytes(lengths.length) <= most && answerBytes(lengths) <= most) return true
  }
  return false
}

describe('the block plan', () => {
  test('keeps the arithmetic of requests and answers', () => {
    fc.assert(
      fc.property(ranges, limits, fc.uniqueArray(fc.nat(119)), (ranges, limits, cuts) => {
        for (const request of plan(ranges, limits, new Set(cuts))) {
          expect(request.length).toBeGreaterThan(0)
          expect(request.length).toBeLessThanOrEqual(20)
          expect(requestBytes(request.length) - framing).toBeLessThanOrEqual(limits.pduLength)
          expect(answerBytes(request.map(({ length }) => length)) - framing).toBeLessThanOrEqual(
            limits.pduLength,
          )
        }
      }),
      { numRuns: 500 },
    )
  })

  test('brings every byte of every range, of the right area, and nothing beyond the gap', () => {
    fc.assert(
      fc.property(ranges, limits, (ranges, limits) => {
        const blocks = plan(ranges, limits).flat()
        ranges.forEach(({ start, length }, i) => {
          const bytes = covered(blocks, i)
          const missing = Array.from({ length }, (_, j) => start + j).filter(at => !bytes.has(at))
          expect(missing).toEqual([])
        })
        for (const block of blocks) {
          const members = block.ranges.map(index => ranges[index]!)
          expect(members.every(({ area, db }) => area === block.area && db === block.db)).toBe(true)
          expect(unwanted(block, members)).toBeLessThanOrEqual(limits.gapBytes)
        }
      }),
      { numRuns: 200 },
    )
  })

  test('splits only what is too big for an item, and never what has to come in one copy', () => {
    fc.assert(
      fc.property(ranges, limits, (ranges, limits) => {
        const blocks = plan(ranges, limits).flat()
        ranges.forEach(({ length, mostBytes }, i) => {
          const own = blocks.filter(block => block.ranges.includes(i))
          expect(own).toHaveLength(Math.max(1, Math.ceil(length / maxBlockBytes(limits.pduLength))))
          if (mostBytes !== undefined) expect(own[0]!.length).toBeLessThanOrEqual(mostBytes)
        })
      }),
      { numRuns: 500 },
    )
  })

  test('a cut begins a new block', () => {
    const ranges: Range[] = Array.from({ length: 10 }, (_, i) => ({
      area: 'DB',
      db: 1,
      start: 4 * i,
      length: 4,
    }))
    const limits = { pduLength: 240, gapBytes: 0 }
    expect(plan(ranges, limits).flat()).toHaveLength(1)
    const blocks = plan(ranges, limits, new Set([3, 4])).flat()
    expect(blocks.map(block => block.ranges)).toEqual([[0, 1, 2], [3], [4, 5, 6, 7, 8, 9]])
  })

  test.each([
    ['1,000 contiguous REALs, PDU 960', 1000, 4, 960, 5],
    ['1,000 contiguous REALs, PDU 240', 1000, 4, 240, 19],
    ['200 scattered INTs, PDU 960', 200, 1000, 960, 10],
    ['200 scattered INTs, PDU 240', 200, 1000, 240, 11],
  ])('%s: few requests', (_, count, stride, pduLength, requests) => {
    const ranges: Range[] = Array.from({ length: count }, (_, i) => ({
      area: 'DB',
      db: 1,
      start: stride * i,
      length: Math.min(stride, 4),
    }))
    expect(plan(ranges, { pduLength, gapBytes: 32 })).toHaveLength(requests)
  })

  test.each([
    ['gaps are read along only where items run out', [2, 34, 20], 240, 1],
    ['blocks are cut where a request is full', [140, 300, 3], 240, 2],
    ['long blocks are paired with short ones', [0, 0, 0], 240, 2],
  ])('%s', (_, [length, stride, count], pduLength, requests) => {
    const lengths = length === 0 ? [120, 120, 90, 90] : Array(count).fill(length)
    const ranges = lengths.flatMap((length: number, i: number): Range[] =>
      length === 140
        ? Array.from({ length: 35 }, (_, j) => ({ area: 'DB', db: 1, start: i * stride! + 4 * j, length: 4 }))
        : [{ area: 'DB', db: 1, start: i * (stride || 1000), length }],
    )
    expect(plan(ranges, { pduLength, gapBytes: 32 })).toHaveLength(requests)
  })

  const few = (step: number) =>
    fc.array(
      fc.record({
        gap: fc.nat(40).map(words => step * words),
        length: fc.integer({ min: 1, max: 30 }).map(words => step * words),
      }),
      { minLength: 1, maxLength: 6 },
    )
  /** More requests than the best of all plans needs. */
  const tooMany = (few: readonly { gap: number; length: number }[], limits: Limits): number => {
    let at = 0
    const ranges = few.map(({ gap, length }): Range => {
      const start = at + gap
      at = start + length
      return { area: 'DB', db: 1, start, length }
    })
    fc.pre(ranges.every(({ length }) => length <= maxBlockBytes(limits.pduLength)))
    return plan(ranges, limits).length - fewestRequests(ranges, limits)
  }
  // Small PDUs, so that six ranges need several requests.
  const tight = fc.record({
    pduLength: fc.constantFrom(64, 80, 112, 240),
    gapBytes: fc.constantFrom(0, 8, 32),
  })

  test('of words: as few requests as the best of all plans, tried one by one', () => {
    fc.assert(
      fc.property(few(2), tight, (few, limits) => {
        expect(tooMany(few, limits)).toBe(0)
      }),
      { numRuns: 2000 },
    )
  })

  test('of odd lengths, at most one request more', () => {
    fc.assert(
      fc.property(few(1), tight, (few, limits) => {
        expect(tooMany(few, limits)).toBeLessThanOrEqual(1)
      }),
      { numRuns: 1000 },
    )
  })

  test('the largest item at PDU 240 is 222 bytes', () => {
    expect(maxBlockBytes(240)).toBe(222)
    expect(answerBytes([maxBlockBytes(960)]) - framing).toBe(960)
  })
})
