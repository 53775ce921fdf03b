import { lifecycle } from '../../alarms/lifecycle.ts'
import type { AssetSpec, Plant } from '../../config/index.ts'
import {
  type Alarm,
  type Output,
  type Part,
  type ProcessorEvent,
  type Tag,
  toJson,
  type Value,
} from '../../model/index.ts'
import { chainFor, runChain, type States } from '../../processors/chain.ts'
import { DemoPlant, type PressName, stepS } from './plant.ts'
import { pressPoints } from './press-points.ts'
import { s7Layout } from './s7-layout.ts'

/** What a tag shows, in its raw unit. */
type Read = (plant: DemoPlant) => Value
type Point = { readonly tag: Tag; readonly read: Read }
type Line = {
  readonly asset: AssetSpec
  readonly telemetry: readonly Point[]
  readonly waveforms: readonly Point[]
  take(event: ProcessorEvent): readonly Output[]
}

export type DemoRun = {
  /** Every change of an alarm, in order; source times start at 0. */
  readonly alarms: readonly Alarm[]
  /** Every revision of every part, in order. */
  readonly parts: readonly Part[]
  /** `asset tag` of every value that was outside of the tag's declared range. */
  readonly outOfRange: ReadonlySet<string>
}

/**
 * Runs the demo plant in simulated time through the signals of its own folder, without sockets: each asset's telemetry
 * once a second, every vibration block.
 */
export function runDemo(plant: Plant, seconds: number): DemoRun {
  const simulated = new DemoPlant(plant.simulator!.seed)
  const lines = linesOf(plant)
  const outOfRange = new Set<string>()
  const outputs: Output[] = []
  for (let step = 1; step <= seconds / stepS; step++) {
    const { blocks } = simulated.step()
    const t = Math.round(step * stepS * 1e6)
    const isNew = (samples: Value) => blocks.some(press => press.vibration === samples)
    for (const line of lines) {
      if (t % 1e6 === 0) outputs.push(...line.take(telemetryOf(line, simulated, t, outOfRange)))
      for (const point of line.waveforms) {
        const samples = point.read(simulated)
        if (isNew(samples)) outputs.push(...line.take(blockOf(line, point.tag, t, samples as Float32Array)))
      }
    }
  }
  const alarms = outputs.flatMap(({ topic, value }) => (topic === 'alarms' ? [value] : []))
  const parts = outputs.flatMap(({ topic, value }) => (topic === 'parts' ? [value] : []))
  return { alarms, parts, outOfRange }
}

function linesOf(plant: Plant): Line[] {
  const points = plant.sources.flatMap(({ tags }) =>
    tags.map(({ tag, address }) => ({ tag, read: readOf(address) })),
  )
  return plant.assets.map(asset => {
    const own = points.filter(({ tag }) => tag.asset === asset.id)
    const chain = chainFor(asset, [lifecycle()])
    const states: States = new Map()
    return {
      asset,
      telemetry: own.filter(({ tag }) => tag.class === 'telemetry'),
      waveforms: own.filter(({ tag }) => tag.class === 'waveform'),
      take: event => runChain(states, chain, event),
    }
  })
}

/** Finds a declared address in what the simulated controllers have. */
function readOf(address: Readonly<Record<string, unknown>>): Read {
  if (typeof address.address === 'string') {
    const point = s7Layout.find(({ address: known }) => known === address.address)!
    const whole = /,D?INT/.test(point.address)
    return plant => (whole ? Math.round(Number(point.read(plant))) : point.read(plant))
  }
  const [, number, name] = /s=Press(\d)\.(\w+)/.exec(String(address.nodeId))!
  const point = pressPoints.find(known => known.name === name)!
  return plant => point.read(plant.presses[`press-${number}` as PressName])
}

function telemetryOf(line: Line, plant: DemoPlant, t: number, outOfRange: Set<string>): ProcessorEvent {
  const value = line.telemetry.map(({ tag, read }) => {
    const shown = scaled(tag, read(plant))
    if (isOutside(tag, shown)) outOfRange.add(`${tag.asset} ${tag.name}`)
    return toJson(shown)
  })
  const all = (one: number) => value.map(() => one)
  const tags = line.telemetry.map(({ tag }) => tag.name)
  const columns = { tags, tag: [...tags.keys()], t: all(t), value, status: all(0) }
  return { kind: 'telemetry', record: { v: 1, ...originOf(line, t), ...columns } }
}

function blockOf(line: Line, tag: Tag, t: number, samples: Float32Array): ProcessorEvent {
  const shape = { tag: tag.name, t, rateHz: tag.sampleRateHz!, unit: tag.unit!, status: 0 }
  return { kind: 'waveform', block: { ...originOf(line, t), ...shape, samples } }
}

function originOf({ asset }: Line, t: number) {
  return { asset: asset.id, source: asset.source, epoch: 1, seq: t / 10_000 }
}

function scaled({ scale = 1, offset = 0 }: Tag, raw: Value): Value {
  return typeof raw === 'number' ? raw * scale + offset : raw
}

function isOutside({ range }: Tag, value: Value): boolean {
  return range !== undefined && typeof value === 'number' && !(value >= range[0] && value <= range[1])
}
