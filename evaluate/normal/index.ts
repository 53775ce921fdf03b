import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Places, Score, Suite } from '../suite.ts'
import { type AssetRun, runAsset } from './plant.ts'

/** A plant in which nothing is wrong: how often the default anomaly set says that something is. */
export const normal: Suite = {
  name: 'normal',
  summary: 'False alarms of the default anomaly set in a simulated plant where nothing is wrong (1 Hz)',
  options: [
    { flags: '--assets <n>', description: 'machines; 30 where left out' },
    { flags: '--days <n>', description: 'days; 14 where left out' },
  ],
  async run({ out }: Places, given, progress): Promise<readonly Score[]> {
    const assets = Number(given.assets ?? 30)
    const days = Number(given.days ?? 14)
    const startedAt = performance.now()
    const runs = await progress.step(`${assets} machines, ${days} days`, async note =>
      Array.from({ length: assets }, (_, n) => {
        note(`machine ${n + 1}`)
        return runAsset(n, days)
      }),
    )
    const seconds = (performance.now() - startedAt) / 1_000
    const lines = runs.flatMap(({ asset, alarms }) =>
      alarms.map(
        ({ day, signal, reason }) => `${asset},${day.toFixed(3)},${signal},"${reason.replaceAll('"', '""')}"`,
      ),
    )
    writeFileSync(join(out, 'alarms.csv'), `${['asset,day,signal,reason', ...lines].join('\n')}\n`)
    return scoresOf(runs, days, seconds)
  },
}

function scoresOf(runs: readonly AssetRun[], days: number, seconds: number): Score[] {
  const weeks = Array.from({ length: Math.ceil(days / 7) }, (_, week) => week)
  const counts = runs.flatMap(({ alarms }) =>
    weeks.map(week => alarms.filter(({ day }) => Math.floor(day / 7) === week).length),
  )
  const most = Math.max(...counts)
  const all = counts.reduce((sum, count) => sum + count, 0)
  const samples = runs.reduce((sum, run) => sum + run.samples, 0)
  const silent = runs.filter(({ judged }) => judged === 0).length
  return [
    { name: 'false alarms, the worst asset and week', value: most, goal: '<= 1', met: most <= 1 },
    { name: 'false alarms, all together', value: all, unit: `in ${counts.length} weeks of an asset` },
    { name: 'machines that were never judged', value: silent, goal: '0', met: silent === 0 },
    { name: 'samples', value: samples },
    {
      name: 'faster than real time',
      value: (days * 86_400 * runs.length) / seconds,
      unit: 'times a machine',
    },
    { name: 'took', value: seconds, unit: 's' },
  ]
}
