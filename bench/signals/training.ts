/**
 * Training FD001 of the C-MAPSS engines (MILLRACE_DATA; else a fleet of the same size, seeded) in a process of its own,
 * from telemetry records to the model: time, and the most memory it took.
 */
import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { trainOn } from '../../evaluate/cmapss.ts'
import { readUnits, type Unit } from '../../evaluate/cmapss-files.ts'
import { createRandom } from '../../test/simulator/random.ts'
import type { Row } from '../row.ts'

const recording = join(
  resolve(import.meta.dirname, '../..', process.env.MILLRACE_DATA ?? '../shared/data'),
  'cmapss/train_FD001.txt',
)

export async function measure(): Promise<Row[]> {
  const text = execFileSync(process.execPath, [import.meta.filename], { encoding: 'utf8' })
  const { what, seconds, cpuSeconds, megabytes } = JSON.parse(text)
  return [
    { name: `training ${what}`, value: seconds, unit: 's', goal: 30, met: seconds < 30 },
    { name: `training ${what}, CPU`, value: cpuSeconds, unit: 's' },
    { name: `training ${what}, memory`, value: megabytes, unit: 'MB', goal: 500, met: megabytes < 500 },
  ]
}

/** As many units and rows as FD001 has. */
function fleet(): Unit[] {
  const random = createRandom(1, 'bench')
  return Array.from({ length: 100 }, (_, i) => ({
    unit: i + 1,
    rows: Array.from({ length: 206 }, (_, cycle) => [
      cycle + 1,
      ...[0, 0, 100],
      ...Array.from({ length: 21 }, (_, sensor) => (sensor % 3) * (cycle / 206) ** 2 + random.gaussian()),
    ]),
  }))
}

function main(): void {
  const isThere = existsSync(recording)
  const units = isThere ? readUnits(recording) : fleet()
  const started = performance.now()
  const before = process.cpuUsage()
  trainOn(units)
  const { user, system } = process.cpuUsage(before)
  console.log(
    JSON.stringify({
      what: isThere ? 'FD001' : 'a fleet as large as FD001',
      seconds: (performance.now() - started) / 1_000,
      cpuSeconds: (user + system) / 1e6,
      megabytes: process.resourceUsage().maxRSS / 1_024,
    }),
  )
}

if (import.meta.main) main()
