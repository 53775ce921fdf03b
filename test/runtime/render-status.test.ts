import { expect, test } from 'vitest'
import { PlantView } from '../../board/index.ts'
import { loadPlant } from '../../config/load.ts'
import { demoPlant } from '../../runtime/layout.ts'
import { isLate, renderStatus } from '../../runtime/render-status.ts'
import { summed } from '../../runtime/services/lag.ts'

const status = new PlantView(await loadPlant(demoPlant)).status(0)
const place = { topic: 'telemetry', partition: 0 }

test('processing that is behind by more than a minute needs somebody', () => {
  const now = 1_000_000
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
    const lines = renderStatus({ ...status, lag })
    expect(lines.some(line => line.includes(`12 records, ${seconds}.0 s`))).toBe(true)
    expect(lines.some(line => line.includes('! the processors are behind'))).toBe(late)
  }
})

test('nothing that waits is no time', () => {
  expect(summed([{ ...place, records: 0, since: undefined }], 1)).toEqual({ records: 0, seconds: 0 })
  expect(isLate({ records: null })).toBe(false)
})
