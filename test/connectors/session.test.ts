import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { openAccount } from '../../connectors/account.ts'
import { type DiskBuffer, openBuffer } from '../../connectors/buffer/buffer.ts'
import type { Connector, Emit } from '../../connectors/contract.ts'
import { keepCounts } from '../../connectors/keep-counts.ts'
import { backoffMs, keepConnected } from '../../connectors/session.ts'
import { storingEmit } from '../../connectors/storing.ts'
import { MillraceError, status, type Tag } from '../../model/index.ts'

const tag: Tag = { asset: 's/a/l/m', name: 'x', class: 'telemetry' }
const identity = { source: 'plc', connector: 'scripted', assets: ['s/a/l/m'] }
const backoff = { firstMs: 1, maxMs: 2, permanentMs: 1 }

let dir: string
let buffer: DiskBuffer
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-session-'))
  buffer = openBuffer({ path: join(dir, 'buffer.db'), maxBytes: 400 })
})
afterEach(() => {
  buffer.close()
  rmSync(dir, { recursive: true, force: true })
})

type Life = { connect?: () => void; run?: (emit: Emit) => Promise<void>; close?: () => void }

/** Lives one session after the other as scripted; the last one stays until aborted. */
async function live(lives: Life[]) {
  const account = openAccount(identity, buffer.account())
  const seen: string[] = []
  account.onChange(() => {
    const { state, reason } = account.entry(buffer, Date.now())
    seen.push(reason ? `${state}: ${reason}` : state)
  })
  const stop = new AbortController()
  let closed = 0
  const open = (): Connector => {
    const life = lives.shift()
    return {
      connect: async () => life?.connect?.(),
      run: async emit => {
        await life?.run?.(emit)
        if (lives.length === 0) stop.abort()
      },
      close: async () => {
        closed++
        life?.close?.()
      },
    }
  }
  const sessions = lives.length
  const troubles: MillraceError[] = []
  const onTrouble = (error: MillraceError) => troubles.push(error)
  await keepConnected({ open, account, buffer, signal: stop.signal, backoff, onTrouble })
  return { account, seen, closed, sessions, troubles }
}

const emitting =
  (count: number, code: number = status.good) =>
  async (emit: Emit) =>
    emit(Array.from({ length: count }, (_, i) => ({ tag, t: i, value: i, status: code })))

describe('a source', () => {
  test('is connected again after losing its session, counting on; every connector is closed', async () => {
    const lost = async (emit: Emit) => {
      await emitting(2)(emit)
      throw new MillraceError('session-lost', 'the cable is cut', { transient: true, hint: 'Mend it' })
    }
    const { account, seen, closed, sessions } = await live([{ run: lost }, { run: emitting(1, status.bad) }])
    expect(seen).toEqual([
      'connected',
      'disconnected: the cable is cut. Mend it',
      'connecting',
      'connected',
      'stopped',
    ])
    expect(account.entry(buffer, 0)).toMatchObject({ received: 3, bad: 1, seq: 2, buffered: 2 })
    expect(closed).toBe(sessions)
  })

  test('with a permanent error keeps trying, because a person may mend it, and tells the reason', async () => {
    const refused = () => {
      throw new MillraceError('untrusted', 'its certificate is not trusted', { hint: 'Trust it' })
    }
    const { seen } = await live([{ connect: refused }, {}])
    expect(seen[0]).toBe('disconnected: its certificate is not trusted. Trust it')
    expect(seen.at(-2)).toBe('connected')
  })

  test('waits while its buffer is full, says so, and goes on when Kafka has taken some', async () => {
    const tooMuch = async (emit: Emit) => {
      await emitting(3)(emit)
      const waiting = emitting(100)(emit)
      expect(buffer.lastSeq).toBe(1)
      setTimeout(() => buffer.acknowledge(1, 0), 20)
      await waiting
    }
    const { account, seen } = await live([{ run: tooMuch }])
    expect(account.entry(buffer, 0)).toMatchObject({
      received: 103,
      buffered: 1,
      position: 1,
      lost: { bufferFull: 0 },
      lostUnknown: [],
    })
    expect(seen.join()).toMatch(/degraded: the disk buffer holds \d+ bytes.*,connected/)
  })

  test('that is stopped while its buffer is full does not pretend to know what the device will give again', async () => {
    const account = openAccount(identity, undefined)
    const stop = new AbortController()
    const emit = storingEmit(account, buffer, stop.signal)
    await emitting(3)(emit)
    const waiting = emitting(100)(emit)
    setImmediate(() => stop.abort())
    await expect(waiting).rejects.toThrow(/Kafka has not taken/)
    expect(account.entry(buffer, 0)).toMatchObject({
      received: 3,
      lost: { bufferFull: 0 },
      lostUnknown: ['bufferFull'],
    })
  })

  test('whose connector cannot be closed is told of', async () => {
    const close = () => {
      throw new Error('still busy')
    }
    const { troubles } = await live([{ close }])
    expect(troubles.map(({ message }) => message)).toEqual([
      'the connector is not closed: closing failed: still busy',
    ])
  })

  test('keeps nothing once another server may be reading it', async () => {
    const account = openAccount(identity, undefined)
    const stop = new AbortController()
    const rejected = Promise.withResolvers<unknown>()
    const open = (): Connector => ({
      connect: async () => {},
      run: emit => emitting(1)(emit).catch(rejected.resolve),
      close: async () => stop.abort(),
    })
    await keepConnected({
      open,
      account,
      buffer,
      signal: stop.signal,
      mayKeep: () => false,
      backoff,
      onTrouble() {},
    })
    expect(await rejected.promise).toMatchObject({ code: 'session-lost', transient: true })
    expect(buffer.waiting).toBe(0)
  })

  test('whose code fails is a defect told as such, and tried again', async () => {
    const broken = async () => {
      throw new TypeError('x is not a function')
    }
    const { seen } = await live([{ run: broken }, {}])
    expect(seen).toContain('disconnected: the connector failed: x is not a function')
  })
})

describe('an account', () => {
  test('counts what was read twice once it is stored', () => {
    const account = openAccount(identity, undefined)
    const { json, kept } = account.superseding(3)
    expect(account.entry(buffer, 0).lost.superseded).toBe(0)
    kept()
    account.superseding(2).kept()
    expect(account.entry(buffer, 0).lost.superseded).toBe(5)
    expect(openAccount(identity, json).entry(buffer, 0).lost.superseded).toBe(3)
  })

  test('is degraded while a tag is bad, and says which and why', () => {
    const account = openAccount(identity, undefined)
    account.state('connected')
    account.report.tag(tag, new MillraceError('bad-address', 'no such node', { hint: 'Correct the nodeId' }))
    const entry = account.entry(buffer, 0)
    expect(entry.state).toBe('degraded')
    expect(entry.badTags).toEqual([
      { asset: 's/a/l/m', tag: 'x', reason: 'no such node. Correct the nodeId' },
    ])
    account.report.tag(tag, undefined)
    expect(account.entry(buffer, 0).state).toBe('connected')
  })

  test('keeps what is known of a loss apart from what is not', () => {
    const account = openAccount(identity, undefined)
    account.report.lost(tag, 'queueOverflow', 3)
    account.report.lost(tag, 'queueOverflow', 4)
    expect(account.entry(buffer, 0).lost.queueOverflow).toBe(7)
    account.report.lost(tag, 'queueOverflow', 'unknown')
    account.report.lost(tag, 'queueOverflow', 1)
    expect(account.entry(buffer, 0)).toMatchObject({
      lost: { queueOverflow: 'unknown', outage: 0 },
      lostKnown: { queueOverflow: 8, outage: 0 },
      lostUnknown: ['queueOverflow'],
    })
  })

  test('reads what an older version stored', () => {
    const old = {
      expected: 9,
      received: 5,
      bad: 1,
      lost: { queueOverflow: 'unknown', outage: 4, bufferFull: 2 },
    }
    expect(openAccount(identity, JSON.stringify(old)).entry(buffer, 0)).toMatchObject({
      expected: 9,
      received: 5,
      lostKnown: { queueOverflow: 0, outage: 4, bufferFull: 2 },
      lostUnknown: ['queueOverflow'],
    })
  })

  test('has losses and expected samples on disk within a moment, without any sample', async () => {
    const account = openAccount(identity, buffer.account())
    const stop = keepCounts(account, buffer, error => expect.unreachable(error.message))
    account.report.expected(10)
    account.report.lost(undefined, 'outage', 7)
    const stored = () => JSON.parse(buffer.account() ?? '{}')
    await vi.waitFor(() => expect(stored()).toMatchObject({ expected: 10, lost: { outage: 7 } }))
    account.report.lost(undefined, 'outage', 1)
    stop()
    expect(stored()).toMatchObject({ lost: { outage: 8 } })
  })
})

test('back-off doubles up to its limit, with jitter in the upper half', () => {
  const options = { firstMs: 100, maxMs: 1000, permanentMs: 1 }
  expect([0, 1, 2, 3, 4, 60].map(n => backoffMs(n, options, () => 1))).toEqual([
    100, 200, 400, 800, 1000, 1000,
  ])
  expect(backoffMs(1, options, () => 0)).toBe(100)
})
