import { describe, expect, test } from 'vitest'
import { loadPlant } from '../../config/load.ts'
import type { Plant } from '../../config/plant.ts'
import type { InRecord, OutRecord } from '../../edge-broker/kafka.ts'
import { demoPlant } from '../../runtime/layout.ts'
import { RedoLog } from '../../runtime/redo.ts'
import { chainWorker } from '../../runtime/worker.ts'

const plant = await loadPlant(demoPlant)
const asset = plant.assets[0]!.id
const tags = Array.from({ length: 40 }, (_, i) => `tag-${i}`)

/** Four records a second, each with a sample of every tag: the state becomes many times as large as a record. */
const telemetry = (seq: number): InRecord => {
  const t = tags.map(() => seq * 250_000)
  const value = tags.map((_, i) => Math.round(1_000 * Math.sin(seq * 0.7 + i)) / 1_000)
  const columns = { tags, tag: tags.map((_, i) => i), t, value, status: tags.map(() => 0) }
  const text = JSON.stringify({ v: 1, asset, source: 'press', epoch: 1, seq, ...columns })
  return {
    topic: 'telemetry',
    partition: 0,
    offset: BigInt(seq),
    timestamp: seq,
    key: asset,
    value: Buffer.from(text),
    headers: new Map(),
  }
}
const records = Array.from({ length: 600 }, (_, i) => telemetry(i + 1))
const told = (outputs: readonly OutRecord[]) => outputs.map(({ topic, value }) => `${topic} ${value}`)
const straight = told(
  records.flatMap(
    (
      worker => (one: InRecord) =>
        worker.step(one)
    )(chainWorker({ current: plant })),
  ),
)

/** What compaction leaves: the last entry of each key. */
type Changelog = Map<string, Buffer>

/** @returns bytes that the aggregates, whose state is the large one, have cost */
function commit(worker: ReturnType<typeof chainWorker>, changelog: Changelog): number {
  const entries = worker.changed()
  for (const { key, value } of entries) changelog.set(key, Buffer.from(value as string))
  const large = entries.filter(({ key }) => key.startsWith('aggregate@'))
  return large.reduce((sum, { value }) => sum + Buffer.byteLength(value!), 0)
}

/** In an order of its own: a changelog that was compacted keeps none. */
function restored(changelog: Changelog, of: Plant = plant): ReturnType<typeof chainWorker> {
  const worker = chainWorker({ current: of })
  for (const [key, value] of [...changelog].sort(([a], [b]) => (a < b ? 1 : -1))) worker.restore(key, value)
  return worker
}

describe('a large state in the changelog', () => {
  test.each([1, 3, 17, 200])('is the same after a restore at any commit, of %i records each', size => {
    const changelog: Changelog = new Map()
    const outputs: string[] = []
    let worker = chainWorker({ current: plant })
    for (let from = 0; from < records.length; from += size) {
      outputs.push(...told(records.slice(from, from + size).flatMap(one => worker.step(one))))
      commit(worker, changelog)
      // A crash every few commits, and once at every place of a snapshot's cycle.
      if ((from / size) % 7 === 6 || (from > 300 && from < 340)) worker = restored(changelog)
    }
    expect(outputs).toEqual(straight)
  })

  test('costs a commit about its input, and now and then a snapshot', () => {
    const changelog: Changelog = new Map()
    const worker = chainWorker({ current: plant })
    const written = records.map(one => {
      worker.step(one)
      return commit(worker, changelog)
    })
    const input = records.reduce((sum, { value }) => sum + value!.byteLength, 0)
    const sum = written.reduce((total, bytes) => total + bytes, 0)
    const snapshot = JSON.stringify([...changelog.keys()].map(key => String(changelog.get(key)))).length
    expect(snapshot).toBeGreaterThan(10 * records[0]!.value!.byteLength)
    expect(sum).toBeLessThan(3 * input)
    expect(Math.max(...written)).toBeGreaterThan(5 * records[0]!.value!.byteLength)
  })

  test('of a plant that is declared otherwise from a record on was stepped by each as it was declared', () => {
    const later = {
      ...plant,
      hash: 'other',
      aggregates: { ...plant.aggregates, lateness1sMs: 60_000, lateness1mMs: 120_000, lateness1hMs: 900_000 },
    } as Plant
    const plants: { current: Plant } = { current: plant }
    const changelog: Changelog = new Map()
    const worker = chainWorker(plants)
    const first = told(records.slice(0, 300).flatMap(one => worker.step(one)))
    commit(worker, changelog)
    plants.current = later
    const second = told(records.slice(300, 310).flatMap(one => worker.step(one)))
    commit(worker, changelog)
    const rest = records.slice(310)
    const live = [...first, ...second, ...told(rest.flatMap(one => worker.step(one)))]
    const after = restored(changelog, later)
    expect([...first, ...second, ...told(rest.flatMap(one => after.step(one)))]).toEqual(live)
  })

  test('whose records are not all there is not taken for whole', () => {
    const before = new RedoLog(0)
    const after = new RedoLog(0)
    const value = Buffer.from('{"v":1}')
    const entries = [1, 2, 3].map(timestamp => {
      before.note({ value, timestamp })
      return before.entry('aggregate@a')!
    })
    after.restoreEntry(entries[2]!.value)
    after.restoreEntry(entries[0]!.value)
    expect(() => after.redo('aggregate@a')).toThrow(/lacks records from 1 on/)
  })
})
