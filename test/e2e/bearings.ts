/** Bearing recordings as blocks of an OPC UA server's Float arrays: a machine a recording. */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { recordings } from '../needs.ts'
import { createRandom } from '../simulator/random.ts'

export type Recording = {
  readonly name: string
  readonly rpm: number
  /** Whether its inner race is damaged. */
  readonly faulty: boolean
  readonly samples: Float32Array
}

export const rateHz = 12_000
export const blockLength = 16_384
/** SKF 6205-2RS, in the recording's manifest in inches. */
const bearing = { balls: 9, ballDiameterMm: 7.94, pitchDiameterMm: 39.04, contactAngleDeg: 0 }
const innerRaceOrder = 5.4152

type Manifest = { files: { file: string; rpm: number; fault: string; expect: string }[] }

/** The inner-race recordings and the sound one. */
export function recordedBearings(): Recording[] {
  const folder = join(recordings, 'bearing-cwru')
  const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as Manifest
  return files
    .filter(({ file, fault }) => fault === 'BPFI' || file.includes('Normal'))
    .map(({ file, rpm, fault }) => ({
      name: `cwru-${file.replace('.f32', '').replaceAll('_', '-').toLowerCase()}`,
      rpm,
      faulty: fault === 'BPFI',
      samples: float32(readFileSync(join(folder, file))),
    }))
}

function float32(bytes: Buffer): Float32Array {
  return Float32Array.from({ length: bytes.length / 4 }, (_, i) => bytes.readFloatLE(i * 4))
}

/** The same from a seed: noise, and for the faulty ones a resonance struck at the inner race's frequency. */
export function syntheticBearings(seed: number): Recording[] {
  const rpm = 1797
  return ['seeded-sound', 'seeded-inner-1', 'seeded-inner-2'].map(name => {
    const random = createRandom(seed, name)
    const samples = Float32Array.from({ length: 4 * blockLength }, () => random.gaussian() * 0.1)
    const faulty = name !== 'seeded-sound'
    if (faulty) strike(samples, (innerRaceOrder * rpm) / 60)
    return { name, rpm, faulty, samples }
  })
}

function strike(samples: Float32Array, frequency: number): void {
  const ring = Array.from(
    { length: 60 },
    (_, i) => Math.exp(-i / 12) * Math.sin((2 * Math.PI * 3_200 * i) / rateHz),
  )
  for (let at = 0; at < samples.length; at += rateHz / frequency) {
    const start = Math.floor(at)
    ring.forEach((amplitude, i) => {
      if (start + i < samples.length) samples[start + i] = samples[start + i]! + amplitude
    })
  }
}

export const bearingId = ({ name }: Recording): string => `cars/rig/bearings/${name}`
export const vibrationNode = ({ name }: Recording): string => `ns=1;s=${name}.Vibration`
export const temperatureNode = ({ name }: Recording): string => `ns=1;s=${name}.Temperature`

export function blocksOf({ samples }: Recording): Float32Array[] {
  const count = Math.floor(samples.length / blockLength)
  return Array.from({ length: count }, (_, i) => samples.subarray(i * blockLength, (i + 1) * blockLength))
}

export function bearingMachines(endpoint: string, all: readonly Recording[]) {
  const assets = all.map(recording => ({
    id: bearingId(recording),
    name: recording.name,
    tags: [
      {
        name: 'vibration',
        class: 'waveform',
        sampleRateHz: rateHz,
        unit: 'g',
        nodeId: vibrationNode(recording),
      },
      { name: 'temperature', unit: 'Cel', nodeId: temperatureNode(recording) },
    ],
    signals: [{ processor: 'vibration', name: 'bearing', tag: 'vibration', rpm: recording.rpm, bearing }],
  }))
  const options = { endpoint, publishingIntervalMs: 200, samplingIntervalMs: 0 }
  return { source: 'bearings', connector: 'opcua', options, assets }
}
