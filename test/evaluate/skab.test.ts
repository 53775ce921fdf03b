import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { skab } from '../../evaluate/skab/index.ts'
import { outcomeOf } from '../../evaluate/skab/score.ts'
import { openProgress } from '../../runtime/progress.ts'
import { needs, recordings } from '../needs.ts'
import { createRandom } from '../simulator/random.ts'

const folder = mkdtempSync(join(tmpdir(), 'skab-'))
afterAll(() => rmSync(folder, { recursive: true }))
const progress = openProgress(process.stderr)

test('rates are of the rows behind the trained ones, events are runs of labels', () => {
  const labels = Array.from({ length: 800 }, (_, i) => (i >= 500 && i < 600) || i >= 700)
  const alarms = Array.from({ length: 800 }, (_, i) => i < 420 || (i >= 550 && i < 600))
  expect(outcomeOf([{ name: 'a', labels, alarms }])).toEqual({
    falseAlarms: 10,
    missed: 75,
    found: 1,
    events: 2,
  })
})

describe('the suite', () => {
  const random = createRandom(1, 'rig')
  const row = (i: number, labelled: boolean) => {
    const anomalous = i >= 600 && i < 800
    const values = Array.from(
      { length: 8 },
      (_, k) => 10 * k + random.gaussian() + (anomalous && k === 3 ? 5 : 0),
    )
    const at = new Date(Date.UTC(2020, 2, 9) + i * 1_000).toISOString().slice(0, 19).replace('T', ' ')
    return [at, ...values, ...(labelled ? [anomalous ? 1 : 0, 0] : [])].join(';')
  }
  const header = ['datetime', ...'ABCDEFGH'].join(';')
  const write = (to: string, lines: readonly string[]) => {
    mkdirSync(join(folder, to, 'valve9'), { recursive: true })
    writeFileSync(join(folder, to, 'valve9', '1.csv'), lines.join('\n'))
  }
  const rows = Array.from({ length: 1_000 }, (_, i) => row(i, true))

  test('finds what was made, row by row, with labels or without', async () => {
    write('with', [`${header};anomaly;changepoint`, ...rows])
    write('without', [header, ...rows.map(line => line.split(';').slice(0, 9).join(';'))])
    const [j] = await skab.run({ data: join(folder, 'with'), out: join(folder, 'a') }, {}, progress)
    expect(j!.value).toBeGreaterThan(80)
    const scores = await skab.run({ data: join(folder, 'without'), out: join(folder, 'b') }, {}, progress)
    expect(scores.map(({ name }) => name)).toEqual(['SKAB runs'])
    const [a, b] = ['a', 'b'].map(out => readFileSync(join(folder, out, 'valve9', '1.csv'), 'utf8'))
    expect(a).toBe(b)
    const written = a!.trim().split('\n')
    expect(written[0]).toBe('datetime,score,alarm')
    expect(written).toHaveLength(1_001)
    expect(written.slice(1, 401).every(line => line.endsWith(',0'))).toBe(true)
  })

  test('reaches J 45 and all events but one on the public half', { timeout: 120_000 }, async context => {
    needs(context, 'recordings')
    const scores = await skab.run(
      { data: join(recordings, 'skab'), out: join(folder, 'public') },
      {},
      progress,
    )
    expect(scores.filter(({ met }) => met === false)).toEqual([])
    expect(scores.filter(({ met }) => met).length).toBe(2)
  })
})
