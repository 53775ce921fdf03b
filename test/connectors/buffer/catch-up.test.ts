import { expect, test } from 'vitest'
import { CatchUp } from '../../../connectors/buffer/catch-up.ts'

/** Sends whatever is allowed, every 10 ms, and gives the bytes of the last of `seconds`. */
function lastSecond(catchUp: CatchUp, seconds: number, each: (ms: number) => void = () => {}): number {
  let sent = 0
  for (let ms = 0; ms < seconds * 1000; ms += 10) {
    each(ms)
    const bytes = Math.floor(catchUp.allowance(ms))
    catchUp.spent(bytes)
    if (ms >= (seconds - 1) * 1000) sent += bytes
  }
  return sent
}

test('an old backlog is sent at the declared rate, not faster', () => {
  const sent = lastSecond(new CatchUp(1_000_000, () => 0, 0), 5)
  expect(sent).toBeGreaterThan(900_000)
  expect(sent).toBeLessThanOrEqual(1_070_000)
})

test('but never slower than twice what the source brings, so that it ends', () => {
  let taken = 0
  const catchUp = new CatchUp(100_000, () => taken, 0)
  const sent = lastSecond(catchUp, 5, () => {
    taken += 10_000 // 1 MB/s
  })
  expect(sent).toBeGreaterThan(1_900_000)
  expect(sent).toBeLessThanOrEqual(2_100_000)
})

test('a batch larger than was allowed is waited for afterwards', () => {
  const catchUp = new CatchUp(1_000_000, () => 0, 0)
  catchUp.spent(3_000_000)
  expect(catchUp.allowance(1000)).toBe(0)
  const wait = catchUp.waitMs(1000)
  expect(wait).toBeGreaterThan(1000)
  expect(catchUp.allowance(1000 + wait)).toBeGreaterThan(0)
})
