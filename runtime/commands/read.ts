import type { Plant } from '../../config/plant.ts'
import { tagAddress } from '../../config/source-options.ts'
import { inUnit } from '../../connectors/buffer/unit.ts'
import type { Report } from '../../connectors/contract.ts'
import {
  MillraceError,
  parseAssetId,
  qualityOf,
  type Sample,
  type Tag,
  toJson,
  type Value,
} from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import { kindAt } from '../kind-at.ts'
import { slowNotice } from '../slow-notice.ts'
import {
  declaredSource,
  givenOptions,
  plantHere,
  type SourceAt,
  type SourceOptions,
  undeclaredSource,
} from '../source-at.ts'

export type ReadOptions = SourceOptions & { watch?: boolean; timeout: number; json?: boolean }

type Target = SourceAt & { readonly tag: Tag; readonly address: Readonly<Record<string, unknown>> }

/** Reads one value as its connector does; exit code 3 when its quality is bad. */
export async function read(address: string, options: ReadOptions): Promise<void> {
  const target = address.includes('://') ? await located(address, options) : await declared(address, options)
  const stop = new AbortController()
  process.once('SIGINT', () => stop.abort())
  const last = await readTarget(target, address, options, stop)
  if (last && qualityOf(last.status) === 'bad') process.exitCode = 3
}

async function located(url: string, options: ReadOptions): Promise<Target> {
  const kind = kindAt(url)
  if (!kind.locate) {
    throw new MillraceError('unsupported', `${kind.kind} cannot read a single address`, {
      hint: 'Declare a source, and read one of its tags as site/area/line/asset/tag',
    })
  }
  const { options: from, address } = kind.locate(url)
  const given = { ...from, ...givenOptions(options) }
  const source =
    options.source === undefined
      ? undeclaredSource(kind, given)
      : await declaredSource(await plantHere(options), options.source, given)
  const tag: Tag = { asset: 'read/by/command/line', name: 'value', class: 'telemetry' }
  return { ...source, tag, address: tagAddress(kind, address) }
}

async function declared(name: string, options: ReadOptions): Promise<Target> {
  const here = await plantHere(options)
  const at = name.lastIndexOf('/')
  const asset = name.slice(0, at)
  parseAssetId(asset)
  for (const source of here.plant.sources) {
    const found = source.tags.find(({ tag }) => tag.asset === asset && tag.name === name.slice(at + 1))
    if (found) return { ...(await declaredSource(here, source.name, givenOptions(options))), ...found }
  }
  throw noSuchTag(here.plant, name, asset)
}

function noSuchTag({ name: plant, assets }: Plant, name: string, asset: string): MillraceError {
  const known = assets.find(({ id }) => id === asset)
  const names = known ? known.tags.map(tag => `${asset}/${tag.name}`) : assets.map(({ id }) => id)
  const near = known
    ? nearest(
        name.slice(asset.length + 1),
        known.tags.map(tag => tag.name),
      )
    : nearest(asset, names)
  const meant = known && near ? `${asset}/${near}` : near
  return new MillraceError('bad-address', `the plant "${plant}" has no tag ${name}`, {
    hint: meant ? `Did you mean ${meant}?` : `There are ${names.slice(0, 10).join(', ')}`,
  })
}

/** Resolves with the last sample: the first one, or when watching whatever was read until the end. */
async function readTarget(
  target: Target,
  told: string,
  { watch, timeout, json }: ReadOptions,
  stop: AbortController,
): Promise<Sample | undefined> {
  let last: Sample | undefined
  const notice = slowNotice(() => `waiting for ${told}`)
  const late = setTimeout(() => stop.abort(), timeout * 1000)
  const problem = await sampling(target, stop.signal, (sample, why) => {
    if (last && !watch) return
    last = sample
    console.log(json ? JSON.stringify(asJson(last, why)) : asLine(last, why))
    clearTimeout(late)
    notice.end()
    if (!watch) stop.abort()
  }).finally(() => {
    clearTimeout(late)
    notice.end()
  })
  if (last === undefined) throw problem ?? nothingCame(told, timeout)
  return last
}

type OnSample = (sample: Sample, problem: MillraceError | undefined) => void

/** One session with the device, until aborted; resolves with what is wrong with the tag, if anything. */
async function sampling(
  { kind, options, stateDir, tag, address }: Target,
  signal: AbortSignal,
  onSample: OnSample,
): Promise<MillraceError | undefined> {
  let problem: MillraceError | undefined
  const noted = (_: Tag, why: MillraceError | undefined) => {
    problem = why
  }
  const report: Report = { tag: noted, lost() {}, expected() {}, revised() {} }
  const source = { name: `read-${process.pid}`, options, tags: [{ tag, address }], stateDir }
  // Options and address have passed this kind's schemas; its type parameters are not known here.
  const connector = kind.open(source as never, report)
  try {
    await connector.connect(signal)
    await connector.run(async samples => {
      for (const sample of samples) onSample(inUnit(sample), problem)
    }, signal)
  } catch (thrown) {
    if (!signal.aborted) throw thrown
  } finally {
    await connector.close()
  }
  return problem
}

function nothingCame(told: string, timeout: number): MillraceError {
  return new MillraceError('timeout', `${told} has given nothing within ${timeout} s`, {
    transient: true,
    hint: 'What only speaks when something changes needs a longer --timeout',
  })
}

function asJson({ tag, value, status, t }: Sample, problem: MillraceError | undefined) {
  return {
    value: toJson(value),
    unit: tag.unit ?? null,
    quality: qualityOf(status),
    status,
    time: new Date(t / 1000).toISOString(),
    timeUs: t,
    ...(problem && { problem: problem.explanation }),
  }
}

function asLine({ tag, value, status, t }: Sample, problem: MillraceError | undefined): string {
  const quality = qualityOf(status)
  const code = status === 0 ? '' : ` (0x${status.toString(16).padStart(8, '0')})`
  const unit = tag.unit === undefined || value === null ? '' : ` ${tag.unit}`
  const why = quality !== 'good' && problem ? `  ${problem.explanation}` : ''
  return `${shown(value)}${unit}  ${quality}${code}  ${new Date(t / 1000).toISOString()}${why}`
}

function shown(value: Value): string {
  if (typeof value === 'string') return value
  if (value instanceof Float32Array) {
    const [low, high] = value.reduce(([a, b], x) => [Math.min(a, x), Math.max(b, x)], [Infinity, -Infinity])
    return `${value.length} samples from ${low} to ${high}`
  }
  return JSON.stringify(toJson(value))
}
