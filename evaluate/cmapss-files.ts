import { readFileSync } from 'node:fs'
import { coded, MillraceError, type Tag, type TelemetryRecord } from '../model/index.ts'
import type { ChainAsset } from '../processors/chain.ts'

/** A cycle is one flight; played as an hour of operation. */
const hour = 3_600_000_000
const start = Date.UTC(2020, 0, 1) * 1_000

export const engineSignal = 'remaining-life'

const settings = ['setting-1', 'setting-2', 'setting-3']
const sensors = Array.from({ length: 21 }, (_, i) => `sensor-${i + 1}`)
const columns = [...settings, ...sensors]

export type Unit = { readonly unit: number; readonly rows: readonly (readonly number[])[] }

/** An engine as a plant's folder would declare it. */
export function engine(unit: number): ChainAsset & { readonly class: string } {
  const id = `cmapss/fleet/line-1/unit-${unit}`
  return {
    id,
    class: 'turbofan',
    tags: columns.map((name): Tag => ({ asset: id, name, class: 'telemetry' })),
    signals: [{ processor: 'remaining-life', name: engineSignal, inputs: sensors, settings }],
  }
}

/** @throws MillraceError that names the file and the line */
export function readUnits(file: string): Unit[] {
  const units = new Map<number, number[][]>()
  lines(file).forEach((line, i) => {
    const numbers = line.split(/\s+/).map(Number)
    if (numbers.length !== 2 + columns.length || numbers.some(Number.isNaN)) {
      throw new MillraceError('bad-payload', `${file}, line ${i + 1} has not ${2 + columns.length} numbers`, {
        hint: 'Its columns are unit, cycle, 3 settings, 21 sensors',
      })
    }
    const rows = units.get(numbers[0]!) ?? []
    units.set(numbers[0]!, rows)
    rows.push(numbers.slice(1))
  })
  return Array.from(units, ([unit, rows]) => ({ unit, rows }))
}

/** Remaining cycles, one a test unit. */
export const readTruth = (file: string): number[] => lines(file).map(Number)

function lines(file: string): string[] {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map(line => line.trim())
      .filter(Boolean)
  } catch (thrown) {
    throw coded(thrown, 'disk', `${file} cannot be read`)
  }
}

/** One telemetry record a row, as it would come out of Kafka. */
export function* recordsOf({ unit, rows }: Unit): Generator<TelemetryRecord> {
  for (const row of rows) yield recordOf(unit, row)
}

export const lastRecord = (unit: number, rows: Unit['rows']): TelemetryRecord => recordOf(unit, rows.at(-1)!)

function recordOf(unit: number, [cycle, ...values]: readonly number[]): TelemetryRecord {
  const t = start + cycle! * hour
  return {
    v: 1,
    asset: engine(unit).id,
    source: `engine-${unit}`,
    epoch: 1,
    seq: cycle!,
    tags: columns,
    tag: columns.map((_, i) => i),
    t: columns.map(() => t),
    value: values,
    status: columns.map(() => 0),
  }
}
