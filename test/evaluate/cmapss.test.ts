import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { suite } from '../../evaluate/cmapss.ts'
import type { Progress } from '../../runtime/progress.ts'
import { createRandom } from '../simulator/random.ts'

const dir = mkdtempSync(join(tmpdir(), 'cmapss-'))
afterAll(() => rmSync(dir, { recursive: true }))

const progress: Progress = { step: (_, work) => work(() => {}) }

/** Engines that wear out in the layout of the real files: sensor 2 and 4 show it, the others are noise or constant. */
function engines(count: number, seed: string, endsEarly: boolean) {
  const random = createRandom(5, seed)
  const truth: number[] = []
  const lines: string[] = []
  for (let unit = 1; unit <= count; unit++) {
    const life = Math.round(140 + 80 * random.uniform())
    const left = endsEarly ? Math.round(5 + 100 * random.uniform()) : 0
    truth.push(left)
    for (let cycle = 1; cycle <= life - left; cycle++) {
      const wear = (cycle / life) ** 3
      const sensors = Array.from({ length: 21 }, (_, i) => (i % 3 === 0 ? 7 : random.gaussian()))
      sensors[1] = 600 + 5 * wear + random.gaussian()
      sensors[3] = 1_400 - 20 * wear + 3 * random.gaussian()
      lines.push([unit, cycle, 0, 0, 100, ...sensors.map(value => value.toFixed(3))].join(' '))
    }
  }
  return { text: `${lines.join('\n')}\n`, truth: `${truth.join('\n')}\n` }
}

const written = (name: string, text: string): string => {
  writeFileSync(join(dir, name), text)
  return join(dir, name)
}

describe('cmapss', () => {
  const train = written('train.txt', engines(24, 'train', false).text)
  const cut = engines(12, 'test', true)
  const test_ = written('test.txt', cut.text)
  const rul = written('rul.txt', cut.truth)

  test('writes a row a test unit, and scores where the truth is there', async () => {
    const scores = await suite.run({ data: '', out: dir }, { train, test: test_, rul }, progress)
    const [head, ...rows] = readFileSync(join(dir, 'predictions.csv'), 'utf8').trim().split('\n')
    expect(head).toBe('unit,rul,lower,upper')
    expect(rows.map(row => row.split(',')[0])).toEqual(Array.from({ length: 12 }, (_, i) => String(i + 1)))
    const score = (name: string) => Number(scores.find(found => found.name.startsWith(name))!.value)
    expect(score('RMSE, clipped')).toBeLessThan(20)
    expect(score('test units without')).toBe(0)
  })

  test('never reads the truth to predict', async () => {
    const before = readFileSync(join(dir, 'predictions.csv'), 'utf8')
    const scores = await suite.run({ data: '', out: dir }, { train, test: test_ }, progress)
    expect(readFileSync(join(dir, 'predictions.csv'), 'utf8')).toBe(before)
    expect(scores.map(({ name }) => name)).not.toContain('PHM08, clipped at 125')
  })

  test('names the file and the line that it cannot read', async () => {
    const broken = written('broken.txt', '1 1 0 0 100 7\n')
    await expect(suite.run({ data: '', out: dir }, { train: broken, test: test_ }, progress)).rejects.toThrow(
      /broken\.txt, line 1/,
    )
  })
})
