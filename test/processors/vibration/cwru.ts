/** Plays the recordings of the Case Western Reserve bearing rig through processor and alarms. Run alone, prints the table. */
import { existsSync, readFileSync } from 'node:fs'
import { endianness } from 'node:os'
import { join } from 'node:path'
import { lifecycle } from '../../../alarms/lifecycle.ts'
import type { Signal } from '../../../model/index.ts'
import { chainFor, runChain, type States } from '../../../processors/chain.ts'
import { recordings } from '../../needs.ts'
import { asset, hour, second, tagNamed } from '../records.ts'

const folder = join(recordings, 'bearing-cwru')

/** One recording, what is known of it, and what came of it. */
export type Played = {
  readonly file: string
  /** BPFO, BPFI, BSF2 or none. */
  readonly fault: string
  /** `detect X`, `no alarm` or `not required ...` */
  readonly expect: string
  /** Fault and severity of the worst alarm; none where there was no alarm. */
  readonly call: string
  readonly severity: string
  /** Largest margin of a known verdict, dB. */
  readonly marginDb: number | null
  readonly verdicts: string
  readonly reason: string
}

type Manifest = {
  fs_hz: number
  bearing: { n_balls: number; ball_d_in: number; pitch_d_in: number; contact_angle_deg: number }
  files: { file: string; rpm: number; fault: string; expect: string }[]
}

export function playAll(blockSamples: number): Played[] {
  const manifest: Manifest = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8'))
  return manifest.files.map(entry => play(manifest, entry, blockSamples))
}

function play({ bearing, fs_hz }: Manifest, entry: Manifest['files'][number], blockSamples: number): Played {
  const samples = floatsOf(readFileSync(join(folder, entry.file)))
  const inch = 25.4
  const declared = {
    processor: 'vibration',
    name: 'bearing',
    tag: 'acceleration',
    rpm: entry.rpm,
    bearing: {
      balls: bearing.n_balls,
      ballDiameterMm: bearing.ball_d_in * inch,
      pitchDiameterMm: bearing.pitch_d_in * inch,
      contactAngleDeg: bearing.contact_angle_deg,
    },
    blocks: Math.max(1, Math.min(3, Math.floor(samples.length / blockSamples))),
    everyMs: 0,
  }
  const chain = chainFor(
    { id: asset, tags: [tagNamed('acceleration', 'g', 'waveform')], signals: [declared] },
    [lifecycle()],
  )
  const states: States = new Map()
  const outputs = Array.from({ length: Math.floor(samples.length / blockSamples) }, (_, i) => {
    const part = samples.subarray(i * blockSamples, (i + 1) * blockSamples)
    const of = { asset, tag: 'acceleration', source: 'rig', epoch: 1, seq: i + 1, unit: 'g', status: 0 }
    const block = {
      ...of,
      t: hour + Math.round((i * blockSamples * second) / fs_hz),
      rateHz: fs_hz,
      samples: part,
    }
    return runChain(states, chain, { kind: 'waveform', block })
  }).flat()
  const signals = outputs.flatMap(output => (output.topic === 'signals' ? [output.value] : []))
  const severities = outputs.flatMap(output => (output.topic === 'alarms' ? [output.value.severity] : []))
  return called(entry, signals, severities)
}

function called(
  { file, fault, expect }: Manifest['files'][number],
  signals: readonly Signal[],
  severities: readonly string[],
): Played {
  const known = signals.filter(({ value }) => value !== null).toSorted((a, b) => b.value! - a.value!)
  const raised = known.filter(({ verdict }) => verdict !== 'normal')
  const calls = new Set(raised.map(({ details }) => String(details?.fault)))
  const shown = known[0] ?? signals.at(-1)
  return {
    file,
    fault,
    expect,
    call: severities.length === 0 ? 'none' : [...calls].join('+'),
    severity: severities.includes('alarm') ? 'alarm' : (severities[0] ?? '-'),
    marginDb: known[0]?.value ?? null,
    verdicts: [...new Set(signals.map(({ verdict }) => verdict))].join(' '),
    reason: shown?.reason ?? '',
  }
}

/** The file's float32 are little endian; so is every machine this runs on. */
function floatsOf(bytes: Buffer): Float32Array {
  if (endianness() !== 'LE') throw new Error('the recordings are little endian, this machine is not')
  return new Float32Array(Uint8Array.from(bytes).buffer)
}

/** right, wrong or none: what became of what is known of a recording. */
export function outcome({ fault, call }: Played): 'right' | 'wrong' | 'none' {
  if (call === 'none') return fault === 'none' ? 'right' : 'none'
  return call === fault ? 'right' : 'wrong'
}

if (import.meta.main) {
  const blockSamples = Number(process.argv[2] ?? 16_384)
  if (!existsSync(folder)) throw new Error(`no recordings in ${folder} (MILLRACE_DATA)`)
  const played = playAll(blockSamples)
  console.table(
    played.map(one => ({
      file: one.file,
      expect: one.expect.slice(0, 12),
      fault: one.fault,
      call: one.call,
      outcome: outcome(one),
      severity: one.severity,
      dB: one.marginDb,
      verdicts: one.verdicts,
    })),
  )
  const counts = Object.entries(Object.groupBy(played, outcome)).map(([name, of]) => `${of?.length} ${name}`)
  console.log(`${played.length} recordings in blocks of ${blockSamples}: ${counts.join(', ')}`)
}
