import { expect, test, vi } from 'vitest'
import { once, patience, pauseMs, persist, within } from '../../../edge-broker/client/patience.ts'
import { MillraceError } from '../../../model/index.ts'

const later = new MillraceError('broker-unavailable', 'later', { transient: true })
const never = new Promise<never>(() => {})

test('transient errors are tried again, permanent ones are not', async () => {
  const time = patience('work', 10_000)
  expect(await persist(time, async n => (n < 2 ? Promise.reject(later) : n))).toBe(2)
  const permanent = new MillraceError('unauthorised', 'no')
  const attempt = vi.fn(() => Promise.reject(permanent))
  await expect(persist(time, attempt)).rejects.toBe(permanent)
  expect(attempt).toHaveBeenCalledTimes(1)
})

test('the last error is told when the time is up, and once() is one attempt', async () => {
  await expect(persist(patience('work', 30), () => Promise.reject(later))).rejects.toBe(later)
  const attempt = vi.fn(() => Promise.reject(later))
  await expect(persist(once(patience('work', 10_000)), attempt)).rejects.toBe(later)
  expect(attempt).toHaveBeenCalledTimes(1)
})

test('within() ends what does not end by itself, by time or by signal', async () => {
  const unavailable = expect.objectContaining({ code: 'broker-unavailable', transient: true })
  await expect(within(patience('work', 5), never)).rejects.toEqual(unavailable)
  const giveUp = new AbortController()
  const given = within(patience('work', 10_000, giveUp.signal), never)
  giveUp.abort()
  await expect(given).rejects.toEqual(unavailable)
  await expect(within(patience('work', 10_000, giveUp.signal), never)).rejects.toEqual(unavailable)
  await expect(persist(patience('work', 10_000, giveUp.signal), async () => 1)).rejects.toEqual(unavailable)
  expect(await within(patience('work', 10_000), Promise.resolve(7))).toBe(7)
})

test('what waits for markers is tried again in milliseconds', () => {
  const concurrent = Object.assign(new Error('busy'), { apiId: 'CONCURRENT_TRANSACTIONS' })
  expect([1, 2, 100].map(n => pauseMs(n, concurrent))).toEqual([3, 6, 50])
  expect([1, 2, 100].map(n => pauseMs(n, new Error('down')))).toEqual([50, 100, 500])
})
