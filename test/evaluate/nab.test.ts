import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { nab } from '../../evaluate/nab/index.ts'
import { nabScore, probation, rawScore } from '../../evaluate/nab/score.ts'
import { openProgress } from '../../runtime/progress.ts'
import { needs, recordings } from '../needs.ts'
import { steadyNoise } from '../processors/series.ts'

const folder = mkdtempSync(join(tmpdir(), 'nab-'))
afterAll(() => rmSync(folder, { recursive: true }))
const progress = openProgress(process.stderr)

describe('the score of the anomaly benchmark', () => {
  const times = Array.from({ length: 1_000 }, (_, i) => i)
  const windows = [[500, 599]] as const
  const of = (...rows: number[]) => ({ times, windows, rows })

  test('is 0 for silence, 100 for a detection at the first row of every window', () => {
    expect(nabScore([of()])).toBe(0)
    expect(nabScore([of(500)])).toBeCloseTo(100, 9)
  })

  // by hand: 2/(1+e^(5y))-1 at y = -50/100, over the same at y = -1
  test('counts the first detection in a window by its place', () => {
    expect(rawScore(of(550, 560))).toBeCloseTo(0.8482836399575129 / 0.9866142981514303, 9)
  })

  test('counts detections outside, by how far behind a window they are, and none in probation', () => {
    expect(probation(1_000)).toBe(150)
    expect(probation(10_000)).toBe(750)
    expect(rawScore(of(149))).toBe(-1)
    expect(rawScore(of(150))).toBeCloseTo(-1.11, 9)
    expect(rawScore(of(500, 610))).toBeCloseTo(1 + 0.11 * (2 / (1 + Math.exp((5 * 11) / 99)) - 1), 9)
    expect(rawScore(of(500, 999))).toBeCloseTo(0.89, 9)
  })
})

describe('the suite', () => {
  const series = steadyNoise(4)
  const stamp = (i: number) =>
    new Date(Date.UTC(2014, 0, 1) + i * 300_000).toISOString().slice(0, 19).replace('T', ' ')
  const value = (i: number) => (i === 700 ? 'NaN' : (series(i) as number) + (i >= 1_500 ? 15 : 0))
  const rows = Array.from({ length: 2_000 }, (_, i) => `${stamp(i)},${value(i)}`)

  test('writes every row, and its score where windows are given', async () => {
    const data = join(folder, 'data')
    mkdirSync(join(data, 'data', 'made'), { recursive: true })
    writeFileSync(join(data, 'data', 'made', 'jump.csv'), ['timestamp,value', ...rows].join('\n'))
    const out = join(folder, 'out')
    const alone = await nab.run({ data, out }, {}, progress)
    expect(alone.map(({ name }) => name)).toEqual(['NAB alarms'])
    const written = readFileSync(join(out, 'made', 'jump.csv'), 'utf8')
      .trim()
      .split('\n')
    expect(written[0]).toBe('timestamp,value,anomaly_score,alarm')
    expect(written.slice(1).map(line => line.split(',').slice(0, 2).join(','))).toEqual(rows)
    const scores = written.slice(1).map(line => Number(line.split(',')[2]))
    expect(scores.every(score => score >= 0 && score <= 1)).toBe(true)
    const alarms = written.slice(1).flatMap((line, i) => (line.endsWith(',1') ? [i] : []))
    expect(alarms).toContain(1_500)
    writeFileSync(
      join(data, 'combined_windows.json'),
      JSON.stringify({ 'made/jump.csv': [[`${stamp(1_450)}.000000`, `${stamp(1_550)}.000000`]] }),
    )
    const [score] = await nab.run({ data, out }, {}, progress)
    expect(score!.value).toBeGreaterThan(80)
  })

  test('is causal: what comes later changes nothing before', async () => {
    const data = join(folder, 'short')
    mkdirSync(join(data, 'data', 'made'), { recursive: true })
    writeFileSync(
      join(data, 'data', 'made', 'jump.csv'),
      ['timestamp,value', ...rows.slice(0, 1_600)].join('\n'),
    )
    await nab.run({ data, out: join(folder, 'short-out') }, {}, progress)
    const read = (dir: string) => readFileSync(join(folder, dir, 'made', 'jump.csv'), 'utf8').split('\n')
    expect(read('short-out').slice(0, 1_601)).toEqual(read('out').slice(0, 1_601))
  })

  test('names the folder without recordings', async () => {
    await expect(nab.run({ data: join(folder, 'none'), out: folder }, {}, progress)).rejects.toThrow(
      'no recordings in',
    )
  })

  test('scores over 55 on the public half of the benchmark', { timeout: 120_000 }, async context => {
    needs(context, 'recordings')
    const [score] = await nab.run(
      { data: join(recordings, 'nab'), out: join(folder, 'public') },
      {},
      progress,
    )
    expect(score!.value).toBeGreaterThan(55)
  })
})
