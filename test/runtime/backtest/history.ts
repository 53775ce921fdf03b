/** A seeded history of the demo plant, and copies of its folder with something changed. */
import { cpSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { demoPlant } from '../../../runtime/layout.ts'

export const startMs = Date.UTC(2026, 2, 1)

/** A sample a second of each, in records of ten: a motor that is too hot for a while, and pressure and furnace beside it. */
const tags = [
  ['press', 'demo/press-shop/line-1/press-1', 'motor-temperature'],
  ['press', 'demo/press-shop/line-1/press-2', 'motor-temperature'],
  ['utilities', 'demo/heat-treatment/line-1/furnace', 'zone-1-temperature'],
] as const

export type Telemetry = { readonly timestamp: number; readonly asset: string; readonly text: string }

export function telemetry(seconds: number, from = 0): Telemetry[] {
  let seed = 7
  const random = () => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff
    return seed / 0x7fffffff
  }
  const records: Telemetry[] = []
  const seqs: Record<string, number> = {}
  for (let second = 0; second < seconds; second += 10) {
    for (const [source, asset, tag] of tags) {
      const t = Array.from({ length: 10 }, (_, i) => (startMs + (from + second + i) * 1_000) * 1_000)
      const hot = second % 600 >= 300 ? 30 : 0
      const value = t.map(() => Math.round((75 + hot + 4 * random()) * 1_000) / 1_000)
      const seq = (seqs[source] ?? from) + 1
      seqs[source] = seq
      const columns = { tags: [tag], tag: t.map(() => 0), t, value, status: t.map(() => 0) }
      const text = JSON.stringify({ v: 1, asset, source, epoch: 1, seq, ...columns })
      records.push({ timestamp: startMs + (from + second + 10) * 1_000, asset, text })
    }
  }
  return records
}

/** The demo plant with other partitions, or another limit for its motors. */
export function plantCopy(
  dir: string,
  { partitions = 3, warningAbove = 95 }: { partitions?: number; warningAbove?: number },
): string {
  cpSync(demoPlant, dir, { recursive: true })
  edit(join(dir, 'plant.yaml'), /^partitions: 3$/m, `partitions: ${partitions}`)
  edit(join(dir, 'machines', 'press.yaml'), /warning: { above: 95 }/g, `warning: { above: ${warningAbove} }`)
  return dir
}

function edit(file: string, from: RegExp, to: string): void {
  const text = readFileSync(file, 'utf8')
  if (!from.test(text)) throw new Error(`${file} has no ${from}`)
  writeFileSync(file, text.replace(from, to))
}
