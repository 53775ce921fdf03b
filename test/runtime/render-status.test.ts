import { expect, test } from 'vitest'
import { PlantView } from '../../board/index.ts'
import { isLate, renderStatus } from '../../runtime/render-status.ts'
import { summed } from '../../runtime/services/lag.ts'
import { ledger, pressShop } from '../board/press-shop.ts'

const now = Date.UTC(2026, 5, 1, 3, 0, 0)
const place = { topic: 'telemetry', partition: 0 }

function lineOf(source: string, change: Parameters<typeof ledger>[2]): string | undefined {
  const view = new PlantView(pressShop)
  view.apply([ledger(source, now, change)])
  return renderStatus(view.status(now)).find(line => line.includes(` ${source}: `))
}

test('a source that lost something is marked, with how much and why', () => {
  const lost = { queueOverflow: 5, outage: 'unknown', bufferFull: 0 } as const
  expect(lineOf('press', { received: 1000, bad: 3, expected: 1005, lost })).toBe(
    '    ! press: 1,005 / 1,000 / 3 / 5 queue overflow, unknown outage',
  )
})

test("a device's clock is told once it is wrong by more than a second and than the measurement", () => {
  const clockOf = (offsetMs: number, uncertaintyMs: number) =>
    lineOf('press', { clock: { offsetMs, uncertaintyMs } })?.split(', its ')[1]
  expect(clockOf(90_000, 20)).toBe('clock is 90 s ahead')
  expect(clockOf(-1_500, 20)).toBe('clock is 1.5 s behind')
  expect(clockOf(900, 20)).toBeUndefined()
  expect(clockOf(1_500, 2_000)).toBeUndefined()
})

test('processing that is behind by more than a minute needs somebody', () => {
  const lagOf = (seconds: number) =>
    summed(
      [
        { ...place, records: 7, since: now - seconds * 1000 },
        { ...place, partition: 1, records: 5, since: now - 1000 },
      ],
      now,
    )
  expect(lagOf(59)).toEqual({ records: 12, seconds: 59 })
  for (const [seconds, late] of [
    [59, false],
    [61, true],
  ] as const) {
    const lag = lagOf(seconds)
    expect(isLate(lag)).toBe(late)
    const lines = renderStatus({ ...new PlantView(pressShop).status(now), lag })
    expect(lines.some(line => line.includes(`12 records, ${seconds}.0 s`))).toBe(true)
    expect(lines.some(line => line.includes('! the processors are behind'))).toBe(late)
  }
})

test('nothing that waits is no time', () => {
  expect(summed([{ ...place, records: 0, since: undefined }], 1)).toEqual({ records: 0, seconds: 0 })
  expect(isLate({ records: null })).toBe(false)
})
