import { describe, expect, test } from 'vitest'
import {
  type Claim,
  type Claimant,
  nextClaim,
  readingSince,
  reviewed,
  type Word,
} from '../../../edge-broker/lease/claim.ts'

const servers = ['p1', 'p2', 'p3']
const fresh = { epoch: 0, lastSeq: 0, sent: { epoch: 0, seq: 0 } }
const claimant = (
  server: string,
  { words = {}, ...more }: Partial<Claimant> & { words?: Record<string, Word> } = {},
): Claimant => ({
  server,
  servers,
  maxSessions: 2,
  disk: fresh,
  wordOf: name => words[name] ?? 'absent',
  ...more,
})
const first = nextClaim(undefined, claimant('p1'))

describe('epochs', () => {
  test('the first claim sets one aside for every server, whoever claims', () => {
    expect(first.epochs).toEqual({ p1: 1, p2: 2, p3: 3 })
    expect(nextClaim(undefined, claimant('p3')).epochs).toEqual(first.epochs)
  })

  test('a disk that remembers all keeps its own, and a new one begins what was set aside', () => {
    const disk = { epoch: 1, lastSeq: 10, sent: { epoch: 1, seq: 9 } }
    expect(nextClaim(first, claimant('p1', { disk })).epochs.p1).toBe(1)
    expect(nextClaim(first, claimant('p2')).epochs.p2).toBe(2)
  })

  test('Kafka may have forgotten the last of a disk, and even its epoch', () => {
    const disk = { epoch: 1, lastSeq: 10, sent: { epoch: 0, seq: 0 } }
    expect(nextClaim(first, claimant('p1', { disk })).epochs.p1).toBe(1)
    expect(nextClaim(undefined, claimant('p1', { disk: { ...disk, epoch: 7 } })).epochs).toEqual({
      p1: 7,
      p2: 8,
      p3: 9,
    })
  })

  test('Kafka may have forgotten the claim that gave a disk its epoch', () => {
    const disk = { epoch: 4, lastSeq: 10, sent: { epoch: 1, seq: 9 } }
    expect(nextClaim(first, claimant('p1', { disk })).epochs).toEqual({ p1: 4, p2: 2, p3: 3 })
  })

  test.for([
    ['lost', fresh.epoch, 0],
    ['put back from an old copy', 1, 5],
  ] as const)('a disk that was %s gets one that nobody ever had', ([, epoch, lastSeq]) => {
    const disk = { epoch, lastSeq, sent: { epoch: 1, seq: 9 } }
    expect(nextClaim(first, claimant('p1', { disk })).epochs).toEqual({ p1: 4, p2: 2, p3: 3 })
  })

  test('a disk whose epoch Kafka gave to another after a power cut takes a new one', () => {
    const claim = { ...first, epochs: { p1: 4, p2: 1 } }
    const disk = { epoch: 1, lastSeq: 3, sent: { epoch: 0, seq: 0 } }
    expect(nextClaim(claim, claimant('p1', { disk })).epochs.p1).toBe(4)
  })
})

describe('rivals', () => {
  test('an owner that went without a word is one, until it says that it has nothing left', () => {
    const second = nextClaim(first, claimant('p2', { words: { p1: 'held' } }))
    expect(second).toMatchObject({ term: 2, server: 'p2', rivals: { p1: { since: null, open: true } } })
    const closed = reviewed(second, claimant('p2', { words: { p1: 'settling' } }))
    expect(closed.rivals.p1).toEqual({ since: null, open: false })
    expect(reviewed(closed, claimant('p2')).rivals).toEqual({})
  })

  test('an owner that has left in order is none', () => {
    expect(nextClaim(first, claimant('p2')).rivals).toEqual({})
  })

  test('are told once when their successor has begun to read, and whose samples tell from where', () => {
    const second = nextClaim(first, claimant('p2', { words: { p1: 'held' } }))
    const reading = readingSince(second, 1234)
    expect(reading.rivals.p1).toEqual({ since: 1234, epoch: 2, open: true })
    expect(readingSince(reading, 9999)).toBe(reading)
    const third = nextClaim(reading, claimant('p3', { words: { p1: 'held', p2: 'held' } }))
    expect(readingSince(third, 5678).rivals).toEqual({
      p1: { since: 1234, epoch: 2, open: true },
      p2: { since: 5678, epoch: 3, open: false },
    })
  })

  test('an owner that claims again is no rival of itself', () => {
    const second = readingSince(nextClaim(first, claimant('p2', { words: { p1: 'held' } })), 1)
    expect(nextClaim(second, claimant('p1', { words: { p2: 'held' } })).rivals).toEqual({
      p2: { since: null, open: false },
    })
  })
})

describe('the budget of sessions', () => {
  const lost = (claim: Claim, server: string, maxSessions: number): Claim =>
    nextClaim(claim, claimant(server, { maxSessions, words: { p1: 'held', p2: 'held', p3: 'held' } }))

  test('with one, nobody reads on alone', () => {
    expect(nextClaim(undefined, claimant('p1', { maxSessions: 1 })).autonomous).toBe(false)
  })

  test('a server that is the only one reads on whatever it is', () => {
    expect(nextClaim(undefined, claimant('p1', { servers: ['p1'], maxSessions: 1 })).autonomous).toBe(true)
  })

  test.for([2, 3, 4])('of %i is never exceeded, though one owner after the other is cut off', maxSessions => {
    let claim = nextClaim(undefined, claimant('p1', { maxSessions }))
    const readingOn = new Set<string>()
    for (let i = 1; i < 12; i++) {
      const successor = servers[i % 3]!
      if (claim.autonomous) readingOn.add(claim.server)
      readingOn.delete(successor) // to claim it has to know what became of its own
      claim = lost(claim, successor, maxSessions)
      expect(readingOn.size + 1, `claim ${i}`).toBeLessThanOrEqual(maxSessions)
    }
  })
})
