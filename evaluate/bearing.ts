import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { SignalSpec } from '../processors/index.ts'
import type { Score, Suite } from './suite.ts'
import { bytesOf, manifestIn, rigWith } from './vibration-rig.ts'

/** `manifest.json` of the recordings; what is known of the faults may be missing. */
export type BearingManifest = {
  readonly fs_hz: number
  readonly bearing: {
    readonly model?: string
    readonly n_balls: number
    readonly ball_d_in?: number
    readonly pitch_d_in?: number
    readonly ball_d_mm?: number
    readonly pitch_d_mm?: number
    readonly contact_angle_deg?: number
  }
  readonly files: readonly {
    readonly file: string
    readonly rpm: number
    /** BPFO, BPFI, BSF2 or none. */
    readonly fault?: string
    /** `detect ...`, `no alarm` or `not required ...`. */
    readonly expect?: string
  }[]
}

export type Call = {
  readonly file: string
  /** BPFO, BPFI, BSF2 (twice the ball spin frequency) or none. */
  readonly call: string
  /** Of the fault that stands out most, called or not; null where nothing can be said. */
  readonly marginDb: number | null
  readonly reason: string
}

const mmPerInch = 25.4

/** The one configuration for all files: what a plant has without any option of its own, a recording being one block. */
function declared({ bearing }: BearingManifest): SignalSpec {
  const { ball_d_in = Number.NaN, pitch_d_in = Number.NaN } = bearing
  return {
    processor: 'vibration',
    name: 'bearing',
    tag: 'acceleration',
    rpmTag: 'speed',
    blocks: 1,
    bearing: {
      ...(bearing.model !== undefined && { name: bearing.model }),
      balls: bearing.n_balls,
      ballDiameterMm: bearing.ball_d_mm ?? ball_d_in * mmPerInch,
      pitchDiameterMm: bearing.pitch_d_mm ?? pitch_d_in * mmPerInch,
      contactAngleDeg: bearing.contact_angle_deg ?? 0,
    },
  }
}

/** Plays one recording as one block. A speed that the manifest does not have is told to nobody: the call is then none. */
export function callOf(
  manifest: BearingManifest,
  { file, rpm }: BearingManifest['files'][number],
  samples: Float32Array,
): Call {
  const rig = rigWith([declared(manifest)])
  if (Number.isFinite(rpm)) rig.speed(0, rpm)
  const signal = rig.block(samples.length / manifest.fs_hz, manifest.fs_hz, samples).at(-1)
  const raised = signal?.verdict === 'warning' || signal?.verdict === 'alarm'
  return {
    file,
    call: raised ? String(signal.details?.fault) : 'none',
    marginDb: signal?.value ?? null,
    reason: signal?.reason ?? '',
  }
}

export const bearing: Suite = {
  name: 'bearing',
  summary: 'which part of a rolling bearing is damaged, by its vibration: calls.csv (file,call,margin_db)',
  recordings:
    'folder with manifest.json (fs_hz, bearing, files[]: file, rpm) and its recordings in g, float32 little endian',
  async run({ data, out }, _given, progress) {
    const manifest = manifestIn<BearingManifest>(data, 'files')
    const calls = await progress.step(`${manifest.files.length} recordings`, async () =>
      manifest.files.map(entry => callOf(manifest, entry, new Float32Array(bytesOf(data, entry.file)))),
    )
    const rows = calls.map(({ file, call, marginDb }) => `${file},${call},${marginDb ?? ''}`)
    writeFileSync(join(out, 'calls.csv'), `${['file,call,margin_db', ...rows].join('\n')}\n`)
    return scoresOf(manifest, calls)
  },
}

/** The labels are read here, after everything was written. */
export function scoresOf({ files }: BearingManifest, calls: readonly Call[]): Score[] {
  const made = calls.filter(({ call }) => call !== 'none').length
  const counted: Score[] = [
    { name: 'recordings', value: calls.length },
    { name: 'calls', value: made },
  ]
  const judged = files.flatMap(({ fault, expect = '' }, i) =>
    fault === undefined ? [] : [{ fault, expect, call: calls[i]!.call }],
  )
  if (judged.length === 0) return counted
  const required = judged.filter(({ expect }) => expect.startsWith('detect'))
  const right = required.filter(({ fault, call }) => call === fault).length
  const wrong = judged.filter(({ fault, call }) => call !== 'none' && call !== fault).length
  return [
    ...counted,
    {
      name: 'of those to be found, called right',
      value: right,
      goal: `${required.length}`,
      met: right === required.length,
    },
    { name: 'called wrong', value: wrong, goal: '0', met: wrong === 0 },
  ]
}
