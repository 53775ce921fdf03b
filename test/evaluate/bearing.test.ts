import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { type BearingManifest, bearing, callOf } from '../../evaluate/bearing.ts'
import { bytesOf, manifestIn } from '../../evaluate/vibration-rig.ts'
import type { Fault } from '../../processors/vibration/bearing.ts'
import { needs, recordings } from '../needs.ts'
import { blockOf, bearing as geometry, rateHz } from '../processors/vibration/machine.ts'

const silent = { step: <T>(_label: string, work: (note: () => void) => Promise<T>) => work(() => undefined) }

let data: string
let out: string
beforeEach(async () => {
  data = await mkdtemp(join(tmpdir(), 'millrace-bearing-'))
  out = await mkdtemp(join(tmpdir(), 'millrace-bearing-'))
})
afterEach(async () => {
  for (const dir of [data, out]) await rm(dir, { recursive: true, force: true })
})

type Given = { file: string; rpm: number; fault?: Fault; strength?: number }

async function write(files: readonly Given[], labels: boolean): Promise<void> {
  for (const [seed, { file, ...machine }] of files.entries()) {
    const samples = blockOf({ seed, samples: 40_000, strength: 6, ...machine })
    await writeFile(join(data, file), new Uint8Array(samples.buffer))
  }
  const manifest = {
    fs_hz: rateHz,
    bearing: {
      n_balls: geometry.balls,
      ball_d_mm: geometry.ballDiameterMm,
      pitch_d_mm: geometry.pitchDiameterMm,
    },
    files: files.map(({ file, rpm, fault }) => ({
      file,
      rpm,
      ...(labels && { fault: fault ?? 'none', expect: fault ? `detect ${fault}` : 'no alarm' }),
    })),
  }
  await writeFile(join(data, 'manifest.json'), JSON.stringify(manifest))
}

const machines: Given[] = [
  { file: 'a.f32', rpm: 900, fault: 'BPFO' },
  { file: 'b.f32', rpm: 1_500, fault: 'BPFI' },
  { file: 'c.f32', rpm: 1_797, fault: 'BSF2' },
  { file: 'd.f32', rpm: 2_950, fault: 'BPFO' },
  { file: 'e.f32', rpm: 1_500 },
]

describe('the suite "bearing"', () => {
  test('writes the same calls with and without labels, and scores only with them', async () => {
    await write(machines, false)
    const blind = await bearing.run({ data, out }, {}, silent)
    const calls = await readFile(join(out, 'calls.csv'), 'utf8')
    expect(blind.map(({ name }) => name)).toEqual(['recordings', 'calls'])
    expect(calls.split('\n').map(line => line.split(',').slice(0, 2).join())).toEqual([
      'file,call',
      ...machines.map(({ file, fault }) => `${file},${fault ?? 'none'}`),
      '',
    ])
    await write(machines, true)
    const scores = await bearing.run({ data, out }, {}, silent)
    expect(await readFile(join(out, 'calls.csv'), 'utf8')).toBe(calls)
    expect(scores.map(({ name, value, met }) => [name, value, met])).toEqual([
      ['recordings', 5, undefined],
      ['calls', 4, undefined],
      ['of those to be found, called right', 4, true],
      ['called wrong', 0, true],
    ])
  }, 60_000)

  test('counts a wrong label as a wrong call and as not found', async () => {
    await write([machines[0]!], true)
    const path = join(data, 'manifest.json')
    await writeFile(path, (await readFile(path, 'utf8')).replaceAll('BPFO', 'BPFI'))
    const scores = await bearing.run({ data, out }, {}, silent)
    expect(scores.slice(2).map(({ value, met }) => [value, met])).toEqual([
      [0, false],
      [1, false],
    ])
  })

  test('calls nothing where the manifest has no speed, and names what it cannot read', async () => {
    await write([{ file: 'a.f32', rpm: Number.NaN }], false)
    await bearing.run({ data, out }, {}, silent)
    expect(await readFile(join(out, 'calls.csv'), 'utf8')).toBe('file,call,margin_db\na.f32,none,\n')
    await rm(join(data, 'a.f32'))
    await expect(bearing.run({ data, out }, {}, silent)).rejects.toThrow(/a\.f32 cannot be read/)
    await writeFile(join(data, 'manifest.json'), '{}')
    await expect(bearing.run({ data, out }, {}, silent)).rejects.toThrow(/no list "files"/)
  })
})

describe('the recordings of Case Western Reserve', () => {
  const folder = join(recordings, 'bearing-cwru')

  test('all that must be found are, and none is called wrong', async context => {
    needs(context, 'recordings')
    const scores = await bearing.run({ data: folder, out }, {}, silent)
    expect(scores.slice(2).map(({ name, met }) => [name, met])).toEqual([
      ['of those to be found, called right', true],
      ['called wrong', true],
    ])
  }, 60_000)

  test('so it is with every quarter of them, and with a speed that is told wrong by half a percent', context => {
    needs(context, 'recordings')
    const manifest = manifestIn<BearingManifest>(folder, 'files')
    const length = 16_384
    for (const { file, rpm, fault, expect: goal } of manifest.files) {
      const samples = new Float32Array(bytesOf(folder, file))
      const allowed = goal!.startsWith('detect') ? [fault] : [fault, 'none']
      for (let start = 0; start + length <= samples.length; start += length) {
        const told = { file, rpm: rpm * (start % (2 * length) === 0 ? 1.005 : 0.995) }
        const { call } = callOf(manifest, told, samples.subarray(start, start + length))
        expect(allowed, `${file} from ${start}`).toContain(call)
      }
    }
  }, 60_000)

  test('shorter blocks may tell less, but nothing wrong', context => {
    needs(context, 'recordings')
    const manifest = manifestIn<BearingManifest>(folder, 'files')
    for (const entry of manifest.files) {
      const samples = new Float32Array(bytesOf(folder, entry.file))
      for (const length of [4_096, 8_192]) {
        const { call } = callOf(manifest, entry, samples.subarray(0, length))
        expect(['none', entry.fault], `${entry.file}, ${length} samples`).toContain(call)
      }
    }
  }, 60_000)
})
