/** What the vibration suites share: a test rig with one accelerometer, played through the chain that serves in a plant. */
import { readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { lifecycle } from '../alarms/lifecycle.ts'
import { MillraceError, type ProcessorEvent, type Signal, type Tag } from '../model/index.ts'
import { chainFor, runChain, type States } from '../processors/chain.ts'
import type { SignalSpec } from '../processors/index.ts'

const asset = 'rig/test-bench/bearings/bearing'
/** Recordings carry no date; this one makes source times that are sound. */
const epochStart = Date.UTC(2026, 0, 1) * 1_000

const tag = (name: string, unit: string, tagClass: Tag['class']): Tag => ({
  asset,
  name,
  unit,
  class: tagClass,
})
const tags = [
  tag('speed', '1/min', 'telemetry'),
  tag('acceleration', 'g', 'waveform'),
  tag('acceleration-2', 'g', 'waveform'),
]

export type Rig = {
  /** Every block and speed is a record of its own; gives the signals that followed from it. */
  speed(atSeconds: number, rpm: number): Signal[]
  block(atSeconds: number, rateHz: number, samples: Float32Array, tag?: string): Signal[]
}

/** A rig with the tags speed (1/min), acceleration and acceleration-2 (g), and the signals as a machine's YAML declares them. */
export function rigWith(signals: readonly SignalSpec[]): Rig {
  const chain = chainFor({ id: asset, tags, signals }, [lifecycle()])
  const states: States = new Map()
  let seq = 0
  const play = (event: ProcessorEvent) =>
    runChain(states, chain, event).flatMap(({ topic, value }) => (topic === 'signals' ? [value] : []))
  const origin = () => ({ asset, source: 'rig', epoch: 1, seq: ++seq })
  const micros = (seconds: number) => epochStart + Math.round(seconds * 1e6)
  return {
    speed: (at, rpm) =>
      play({
        kind: 'telemetry',
        record: { v: 1, ...origin(), tags: ['speed'], tag: [0], t: [micros(at)], value: [rpm], status: [0] },
      }),
    block: (at, rateHz, samples, tag = 'acceleration') =>
      play({
        kind: 'waveform',
        block: { ...origin(), tag, t: micros(at), rateHz, unit: 'g', status: 0, samples },
      }),
  }
}

/** @throws MillraceError `config-invalid` that names the file */
export function manifestIn<T>(folder: string, list: keyof T & string): T {
  const file = join(folder, 'manifest.json')
  try {
    const manifest = JSON.parse(readFileSync(file, 'utf8')) as T
    if (Array.isArray(manifest[list])) return manifest
  } catch (cause) {
    throw new MillraceError('config-invalid', `${file} cannot be read`, {
      cause,
      hint: 'Give --data the folder with manifest.json and its recordings',
    })
  }
  throw new MillraceError('config-invalid', `${file} has no list "${list}"`, {
    hint: 'Its layout is that of the recordings this suite was made for',
  })
}

/** @throws MillraceError `config-invalid` that names the file */
export function bytesOf(folder: string, name: string): ArrayBuffer {
  const file = join(folder, name)
  if (endianness() !== 'LE')
    throw new MillraceError('internal', 'the recordings are little endian, this machine is not')
  try {
    return Uint8Array.from(readFileSync(file)).buffer
  } catch (cause) {
    throw new MillraceError('config-invalid', `${file} cannot be read`, {
      cause,
      hint: 'The manifest names it: put it beside the manifest',
    })
  }
}
