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

  test('make a part a stroke; the few sheets that are too thick are scrap, told ahead of the end, with the reason', () => {
    const final = run.parts.filter(({ final }) => final)
    expect(final.length).toBeGreaterThan(300)
    const scrap = final.filter(({ verdict }) => verdict === 'scrap')
    expect(scrap.length / final.length).toBeGreaterThan(0.001)
    expect(scrap.length / final.length).toBeLessThan(0.03)
    for (const part of scrap) {
      expect(part.reason).toMatch(
        /^thickness is 2\.\d+ mm, above its scrap limit of 2.15 mm; force is 9\d\d.* kN/,
      )
      expect(part.revision).toBe(1)
    }
    const others = new Set(final.filter(part => !scrap.includes(part)).map(({ verdict }) => verdict))
    expect([...others]).toEqual(['ok'])
  })

  test('show nothing outside of its declared range', () => {
    expect([...run.outOfRange]).toEqual([])
  })
})
