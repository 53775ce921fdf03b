import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { loadPlant } from '../../config/index.ts'
import type { Alarm } from '../../model/index.ts'
import { type DemoRun, runDemo } from './demo-run.ts'

const seconds = (alarm: Alarm | undefined) => alarm!.t / 1e6

describe('five minutes of the demo', () => {
  let run: DemoRun
  beforeAll(async () => {
    run = runDemo(await loadPlant(join(import.meta.dirname, '..', '..', 'config', 'plants', 'demo')), 300)
  }, 120_000)

  test("warn of press 1's bearing within 60 s and alarm within 3 minutes, with the reason", () => {
    const [warning] = run.alarms
    expect(warning).toMatchObject({ state: 'open', severity: 'warning' })
    // The visitor's time also holds what lies between the machine and the board.
    expect(seconds(warning)).toBeGreaterThan(5)
    expect(seconds(warning)).toBeLessThan(45)
    const alarm = run.alarms.find(({ severity }) => severity === 'alarm')
    expect(seconds(alarm)).toBeGreaterThan(seconds(warning) + 15)
    expect(seconds(alarm)).toBeLessThan(120)
    expect(alarm?.reason).toMatch(/inner race/i)
    expect(run.alarms.at(-1)).toMatchObject({ state: 'open', severity: 'alarm' })
  })

  test('alarm of nothing else', () => {
    const signals = new Set(run.alarms.map(({ asset, signal }) => `${asset} ${signal}`))
    expect([...signals]).toEqual(['demo/press-shop/line-1/press-1 spindle-bearing'])
  })

  test('show nothing outside of its declared range', () => {
    expect([...run.outOfRange]).toEqual([])
  })
})
