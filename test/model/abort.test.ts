import { describe, expect, test } from 'vitest'
import { orAbort, untilOneFails } from '../../model/abort.ts'

const until = (signal: AbortSignal) =>
  new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))

describe('orAbort', () => {
  test('gives what the work gives, or the reason of the abort, whichever is first', async () => {
    const stop = new AbortController()
    expect(await orAbort(Promise.resolve(7), stop.signal)).toBe(7)
    const waiting = orAbort(new Promise(() => {}), stop.signal)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    await expect(orAbort(new Promise(() => {}), stop.signal)).rejects.toThrow('enough')
  })
})

describe('untilOneFails', () => {
  test('ends the others before it rejects', async () => {
    let ended = false
    const failing = untilOneFails(new AbortController().signal, ending => [
      Promise.reject(new Error('broken')),
      until(ending).then(() => {
        ended = true
      }),
    ])
    await expect(failing).rejects.toThrow('broken')
    expect(ended).toBe(true)
  })

  test('resolves when the caller aborts and all have ended', async () => {
    const stop = new AbortController()
    const running = untilOneFails(stop.signal, ending => [until(ending), until(ending)])
    stop.abort()
    await running
  })
})
