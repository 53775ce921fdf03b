import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Ajv } from 'ajv'
import { afterAll, describe, expect, test } from 'vitest'
import { replay } from '../../../connectors/replay/index.ts'
import { type Options, options as schema } from '../../../connectors/replay/options.ts'
import { isPlayed } from '../../../connectors/replay/progress.ts'
import { MillraceError, type Sample, status, type Tag } from '../../../model/index.ts'
import { Collector } from '../collector.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-replay-'))
afterAll(() => rmSync(dir, { recursive: true }))

let files = 0
function recorded(text: string | Buffer, extension = 'csv'): string {
  const path = join(dir, `Run ${++files}.${extension}`)
  writeFileSync(path, text)
  return pathToFileURL(path).href
}

function optionsOf(given: Partial<Options>): Options {
  const filled = { ...given }
  const valid = new Ajv({ useDefaults: true }).compile(schema)
  expect(valid(filled), JSON.stringify(valid.errors)).toBe(true)
  return filled as Options
}

const asset = 's/a/l/press-1'
const quick = { asset, times: 'recorded', speed: 'max' } as const
type Declaration = { tag: Tag; address: { column?: string } }

/** Plays until the recording is through. */
async function played(given: Partial<Options>, tags: Declaration[] = [], resume?: string) {
  const collector = new Collector()
  const source = { name: 'r', options: optionsOf(given), tags, stateDir: dir, ...(resume && { resume }) }
  const connector = replay.open(source, collector.report)
  const samples: Sample[] = []
  let left = resume
  const abort = new AbortController()
  await connector.connect(abort.signal)
  const done = Promise.withResolvers<void>()
  const end = connector.run(async (batch, resumeFrom) => {
    samples.push(...batch)
    left = resumeFrom
    if (isPlayed(resumeFrom)) done.resolve()
  }, abort.signal)
  await Promise.race([done.promise, end])
  abort.abort()
  await end
  return { samples, resume: left, collector }
}

const rows = (samples: Sample[]) => samples.map(({ tag, t, value }) => [tag.name, t, value])
const failure = async (work: Promise<unknown>) => {
  const error = await work.then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  expect(error).toBeInstanceOf(MillraceError)
  return error as MillraceError
}

describe('a CSV recording', () => {
  test('every column is a tag, every filled cell a sample, at the time of its row', async () => {
    const endpoint = recorded(
      'time,OilTemp (Cel),Running,State\n2026-03-01T06:00:00.5Z,48.5,true,auto\n2026-03-01T06:00:01Z,,NaN,\n',
    )
    const { samples } = await played({ ...quick, endpoint })
    const t = Date.parse('2026-03-01T06:00:00.500Z') * 1000
    expect(rows(samples)).toEqual([
      ['oil-temp-cel', t, 48.5],
      ['running', t, true],
      ['state', t, 'auto'],
      ['running', t + 500_000, null],
    ])
    expect(samples.map(sample => sample.status)).toEqual([0, 0, 0, status.bad])
    expect(samples[0]?.tag.asset).toBe(asset)
  })

  test('with semicolons, decimal commas, a time column that is not the first, and seconds of a bench', async () => {
    const endpoint = recorded('n;t;p\n1;0.0;1,5\n2;0.25;-2\n')
    const { samples } = await played({ ...quick, endpoint, timeColumn: 't' })
    expect(rows(samples)).toEqual([
      ['n', 0, 1],
      ['p', 0, 1.5],
      ['n', 250_000, 2],
      ['p', 250_000, -2],
    ])
  })

  test('declared tags are played alone, and one that it does not have is told and bad', async () => {
    const endpoint = recorded('time,Oil,Rest\n1000,1,2\n')
    const tag = (name: string): Tag => ({ asset, name, class: 'telemetry' })
    const { samples, collector } = await played({ ...quick, endpoint }, [
      { tag: tag('oil-temperature'), address: { column: 'Oil' } },
      { tag: tag('pressure'), address: { column: 'Pressure' } },
    ])
    expect(rows(samples)).toEqual([
      ['pressure', 1e9, null],
      ['oil-temperature', 1e9, 1],
    ])
    expect(samples[0]?.status).toBe(status.badNodeIdUnknown)
    expect(collector.problems.get('pressure')?.message).toMatch(/has no "Pressure"/)
  })

  test('a bad time is told with its line before anything is played', async () => {
    const endpoint = recorded('time,x\n1000,1\nyesterday,2\n')
    const error = await failure(played({ ...quick, endpoint }))
    expect(error).toMatchObject({ code: 'bad-payload', transient: false })
    expect(error.message).toMatch(/Run \d+\.csv:3: "yesterday" in column "time" is not a time/)
  })

  test.each([
    ['a column that is not there', 'time,x\n1,2\n', { timeColumn: 'Zeit' }, /has no column "Zeit"/],
    ['no rows', 'time,x\n', {}, /holds no samples/],
    ['a quote without its end', 'time,x\n1,"2\n', {}, /cannot be read as CSV/],
  ])('%s', async (_, text, more, message) => {
    expect((await failure(played({ ...quick, ...more, endpoint: recorded(text) }))).message).toMatch(message)
  })

  test('a file that is not there', async () => {
    const error = await failure(played({ ...quick, endpoint: `file://${dir}/no.csv` }))
    expect(error).toMatchObject({ code: 'disk' })
  })
})

describe('telemetry as JSON lines', () => {
  const record = (of: string, seq: number) => ({
    v: 1,
    asset: of,
    source: 'plc',
    epoch: 3,
    seq,
    tags: ['a', 'b'],
    tag: [0, 1],
    t: [seq * 1e6, seq * 1e6 + 5],
    value: [seq, '9007199254740993'],
    status: [0, 0x80000000],
    code: [null, 5],
  })
  test('comes as it was, status and codes too; also as tail prints it', async () => {
    const lines = [record('s/a/l/x', 1), { topic: 'telemetry', value: record('s/a/l/y', 2) }]
    const endpoint = recorded(lines.map(line => `${JSON.stringify(line)}\n`).join('\n'), 'jsonl')
    const { samples } = await played({ endpoint, times: 'recorded', speed: 'max' })
    expect(samples.map(({ tag }) => `${tag.asset}/${tag.name}`)).toEqual([
      's/a/l/x/a',
      's/a/l/x/b',
      's/a/l/y/a',
      's/a/l/y/b',
    ])
    expect(samples[3]).toMatchObject({ t: 2_000_005, value: '9007199254740993', status: status.bad, code: 5 })
  })
  test('of one asset may be played as another, of several not', async () => {
    const one = recorded(JSON.stringify(record('s/a/l/x', 1)), 'jsonl')
    expect((await played({ ...quick, endpoint: one })).samples[0]?.tag.asset).toBe(asset)
    const two = recorded([1, 2].map(n => JSON.stringify(record(`s/a/l/x${n}`, n))).join('\n'), 'jsonl')
    expect((await failure(played({ ...quick, endpoint: two }))).message).toMatch(/of several assets/)
  })
  test.each([
    ['{}', 'not a telemetry record'],
    ['{', 'not JSON'],
  ])('%s is told with its line', async (text, message) => {
    const endpoint = recorded(`\n${text}`, 'jsonl')
    expect((await failure(played({ ...quick, endpoint }))).message).toContain(`:2: ${message}`)
  })
})

test('a waveform comes in blocks, the last one shorter, each at the time of its first sample', async () => {
  const floats = Float32Array.from({ length: 2500 }, (_, i) => Math.fround(i / 7))
  const endpoint = recorded(Buffer.from(floats.buffer), 'f32')
  const start = '2026-03-01T06:00:00Z'
  const { samples } = await played({ ...quick, endpoint, sampleRateHz: 1000, start })
  const from = Date.parse(start) * 1000
  expect(samples.map(({ t }) => t)).toEqual([from, from + 1e6, from + 2e6])
  expect(samples[0]?.tag).toMatchObject({ class: 'waveform', sampleRateHz: 1000, asset })
  expect(samples.flatMap(({ value }) => [...(value as Float32Array)])).toEqual([...floats])
})

describe('a run', () => {
  const text = `time,x\n${Array.from({ length: 12_000 }, (_, i) => `${i},${i}`).join('\n')}\n`

  test('interrupted anywhere goes on where it was, and once played is not played again', async () => {
    const endpoint = recorded(text)
    const whole = await played({ ...quick, endpoint })
    expect(whole.samples.map(({ value }) => value)).toEqual(Array.from({ length: 12_000 }, (_, i) => i))

    const source = { name: 'r', options: optionsOf({ ...quick, endpoint }), tags: [], stateDir: dir }
    const connector = replay.open(source, new Collector().report)
    const taken: Sample[] = []
    let resume = ''
    await connector.connect(AbortSignal.timeout(60_000))
    const cut = connector.run(async (samples, left = '') => {
      if (taken.length > 0) throw new MillraceError('buffer-full', 'full', { transient: true })
      taken.push(...samples)
      resume = left
    }, AbortSignal.timeout(60_000))
    expect((await failure(cut)).code).toBe('buffer-full')
    expect(taken.length).toBeGreaterThan(0)

    const rest = await played({ ...quick, endpoint }, [], resume)
    expect([...taken, ...rest.samples].map(({ value }) => value)).toEqual(
      whole.samples.map(({ value }) => value),
    )
  })

  test('is remembered by the content of the file: another run or other content begins anew', async () => {
    const endpoint = recorded('time,x\n1,1\n')
    const { resume } = await played({ ...quick, endpoint })
    expect(isPlayed(resume)).toBe(true)
    expect((await played({ ...quick, endpoint, run: '2' }, [], resume)).samples).toHaveLength(1)
    const other = recorded('time,x\n1,2\n')
    expect((await played({ ...quick, endpoint: other }, [], resume)).samples).toHaveLength(1)
  })

  test('happens now, at its pace: faster by the speed, in the distances of the recording', async () => {
    const endpoint = recorded('time,x\n1000,1\n1002,2\n1004,3\n')
    const before = Date.now() * 1000
    const { samples } = await played({ endpoint, asset, speed: 20 })
    const [a = 0, b = 0, c = 0] = samples.map(({ t }) => t)
    expect([b - a, c - b]).toEqual([100_000, 100_000])
    expect(a).toBeGreaterThanOrEqual(before)
    expect(c).toBeLessThanOrEqual(Date.now() * 1000)
  })

  test('in a loop goes on one step after its end', async () => {
    const endpoint = recorded('time,x\n0,1\n1,2\n')
    const source = {
      name: 'r',
      options: optionsOf({ endpoint, asset, speed: 100, loop: true, publishingIntervalMs: 10 }),
      tags: [],
      stateDir: dir,
    }
    const connector = replay.open(source, new Collector().report)
    const abort = new AbortController()
    const samples: Sample[] = []
    await connector.connect(abort.signal)
    await connector.run(async batch => {
      samples.push(...batch)
      if (samples.length >= 6) abort.abort()
    }, abort.signal)
    expect(samples.slice(0, 6).map(({ value }) => value)).toEqual([1, 2, 1, 2, 1, 2])
    const times = samples.map(({ t }) => t)
    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b))
  })
})

test.each([
  [{ loop: true, times: 'recorded' }, /loop cannot have/],
  [{ speed: 'max' }, /no time between/],
  [{ asset: undefined }, /whose recording/],
  [{ format: 'f32' }, /needs sampleRateHz/],
  [{ endpoint: 'file:///x.dat' }, /does not tell the format/],
] as [Partial<Options>, RegExp][])(
  'what goes not together is told before anything is read: %o',
  (more, message) => {
    const given = optionsOf({ endpoint: 'file:///x.csv', asset, ...more })
    const source = { name: 'r', options: given, tags: [], stateDir: dir }
    expect(() => replay.open(source, new Collector().report)).toThrow(message)
  },
)
