import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { Keys, keyId } from '../../../connectors/http/keys.ts'

const day = 86_400_000
const hour = day / 24
let stateDir: string
let open: Keys[]
beforeEach(() => {
  stateDir = mkdtempSync(join(tmpdir(), 'millrace-keys-'))
  open = []
})
afterEach(() => {
  for (const keys of open) keys.close()
  rmSync(stateDir, { recursive: true, force: true })
})

function keysFrom(journal?: string, maxKeys = 1_000_000): Keys {
  const keys = new Keys({ stateDir, journal, rememberMs: day, maxKeys })
  open.push(keys)
  return keys
}

/** Adds a key as a request that is stored does. */
function kept(keys: Keys, id: string, atMs: number): string {
  const { journal, kept } = keys.add(id, { fingerprint: id, stored: 1, atMs })
  kept()
  return journal
}

describe('keys', () => {
  test('are known after any kill, whatever was stored last, and none is that was not stored', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { minLength: 150, maxLength: 250 }), storing => {
        const dir = mkdtempSync(join(stateDir, 'run-'))
        const options = { stateDir: dir, rememberMs: day, maxKeys: 1_000_000 }
        const keys = new Keys({ ...options, journal: undefined })
        let journal: string | undefined
        storing.forEach((isStored, i) => {
          const entry = keys.add(`${i}`, { fingerprint: `${i}`, stored: i, atMs: i })
          if (!isStored) return
          journal = entry.journal
          entry.kept()
        })
        keys.close()
        const next = new Keys({ ...options, journal })
        expect(storing.map((_, i) => next.find(`${i}`, 1000)?.stored)).toEqual(
          storing.map((isStored, i) => (isStored ? i : undefined)),
        )
        next.close()
      }),
      { numRuns: 20 },
    )
  })

  test('killed between storing the samples and hearing of it', () => {
    const keys = keysFrom()
    const { journal } = keys.add('a', { fingerprint: 'f', stored: 3, atMs: 0 })
    keys.close()
    open.pop()
    expect(keysFrom(journal).find('a', 1)).toMatchObject({ fingerprint: 'f', stored: 3 })
  })

  test('leave the text that is stored with samples short', () => {
    const keys = keysFrom()
    const longest = Math.max(
      ...Array.from({ length: 300 }, (_, i) => kept(keys, keyId('bench', `${i}`), i).length),
    )
    expect(longest).toBeLessThan(8000)
  })

  test('are forgotten when their time is over, and not before', () => {
    const keys = keysFrom()
    kept(keys, 'a', 0)
    expect(keys.find('a', 24 * hour)).toBeDefined()
    expect(keys.find('a', 24 * hour + 1)).toBeUndefined()
  })

  test('beyond their bound are refused until older ones are forgotten', () => {
    const keys = keysFrom(undefined, 100)
    for (let i = 0; i < 100; i++) kept(keys, `${i}`, i)
    expect(keys.isFull(hour)).toBe(true)
    expect(keys.find('0', hour)).toBeDefined()
    expect(keys.isFull(25 * hour)).toBe(false)
  })

  test('of two clients are two; nobody can write a key that is the one of another', () => {
    expect(keyId('a', 'b')).not.toBe(keyId('b', 'b'))
    expect(keyId('a', 'b')).not.toBe(keyId('ab', ''))
  })

  test('with a journal of something else: told, not forgotten', () => {
    expect(() => keysFrom('{"1000":')).toThrow(/cannot be read/)
  })
})
