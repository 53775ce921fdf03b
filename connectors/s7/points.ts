import { coded, type Micros, MillraceError, type Tag, type Value } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import type { Source } from '../contract.ts'
import { type Address, parseAddress } from './address.ts'
import { microsOf } from './clock.ts'
import type { EpochUnit, OnChange, Options, TagAddress } from './options.ts'
import { decodeValue, integerOf, isPlainNumber } from './types.ts'

/** The field that holds the source time of other tags. One object a field, however many tags name it. */
export type Stamp = { readonly address: Address; readonly unit: EpochUnit }

/** A tag with everything that reading it needs. */
export type Point = {
  /** asset/tag */
  readonly id: string
  /** The same with its address, for messages. */
  readonly told: string
  readonly tag: Tag
  readonly address: Address
  readonly scanMs: number
  readonly onChange: OnChange
  readonly stamp?: Stamp
}

type Declared = { readonly tag: Tag; readonly address: TagAddress }

/**
 * The points of a source. A tag declared alone may name a timeFrom that is not there: the check of a plant's folder
 * looks at each tag by itself first. Connecting does not allow it (`strict`).
 * @throws MillraceError `config-invalid` naming the tag
 */
export function pointsOf({ tags, options }: Source<Options, TagAddress>, strict = tags.length > 1): Point[] {
  const addresses = new Map(
    tags.map(declared => [idOf(declared.tag), { declared, parsed: parsed(declared) }]),
  )
  const stamps = new Map<string, Stamp>()
  const stampOf = (id: string): Stamp => {
    const { declared, parsed } = addresses.get(id)!
    const stamp = stamps.get(id) ?? { address: parsed, unit: unitOf(declared, parsed) }
    stamps.set(id, stamp)
    return stamp
  }
  return tags.map(declared => {
    const named = declared.address.timeFrom === undefined ? undefined : findStamp(declared, addresses, strict)
    const stamp = named === undefined ? undefined : stampOf(named)
    return pointOf(declared, addresses.get(idOf(declared.tag))!.parsed, options, stamp)
  })
}

export function idOf({ asset, name }: Tag): string {
  return `${asset}/${name}`
}

/** Microseconds UTC that the stamp's bytes say; undefined where they say none (zero, or no date). */
export function stampMicros({ address, unit }: Stamp, bytes: Buffer): Micros | undefined {
  try {
    const value = decodeValue(address, bytes)
    const micros = typeof value === 'string' ? microsOf(value) : fromEpoch(address, value, unit)
    return micros !== undefined && Number.isSafeInteger(micros) && micros > 0 ? micros : undefined
  } catch (thrown) {
    if (thrown instanceof MillraceError && thrown.code === 'bad-payload') return undefined
    throw thrown
  }
}

function fromEpoch(address: Address, value: Value, unit: EpochUnit): Micros | undefined {
  const count = integerOf(address, value)
  if (count === undefined) return undefined
  const micros = { s: count * 1_000_000n, ms: count * 1000n, us: count, ns: count / 1000n }[unit]
  return Number(micros)
}

function pointOf(
  { tag, address }: Declared,
  parsed: Address,
  options: Options,
  stamp: Stamp | undefined,
): Point {
  if (tag.class === 'waveform' && (parsed.count === undefined || !isPlainNumber(parsed))) {
    throw invalid(
      tag,
      'a waveform is an array of numbers',
      `Write the number of samples: ${address.address}.1024`,
    )
  }
  const scanMs = address.scanMs ?? options.scanMs
  const onChange = onChangeOf({ tag, address }, options)
  return {
    id: idOf(tag),
    told: `${idOf(tag)} (${address.address})`,
    tag,
    address: parsed,
    scanMs,
    onChange,
    ...(stamp && { stamp }),
  }
}

function onChangeOf({ tag, address }: Declared, options: Options): OnChange {
  const hasTime = address.timeFrom !== undefined
  if (address.onChange === 'timeFrom' && !hasTime) {
    throw invalid(tag, 'onChange: timeFrom without a timeFrom', 'Name the tag that holds its time')
  }
  // As a default of the source, timeFrom holds for the tags that have one.
  const fitting = options.onChange === 'timeFrom' && !hasTime ? undefined : options.onChange
  return address.onChange ?? fitting ?? (hasTime ? 'timeFrom' : 'never')
}

function parsed({ tag, address }: Declared): Address {
  try {
    return parseAddress(address.address)
  } catch (thrown) {
    const { message, hint = '' } = coded(thrown, 'config-invalid', 'address')
    throw invalid(tag, message, hint)
  }
}

/** Id of the tag that `timeFrom` names: in the same asset, or anywhere in the source by its full name. */
function findStamp(
  { tag, address: { timeFrom = '' } }: Declared,
  addresses: ReadonlyMap<string, unknown>,
  strict: boolean,
): string | undefined {
  const ids = [`${tag.asset}/${timeFrom}`, timeFrom]
  const found = ids.find(id => addresses.has(id))
  if (found !== undefined || !strict) return found
  const names = [...addresses.keys()].map(id =>
    id.startsWith(`${tag.asset}/`) ? id.slice(tag.asset.length + 1) : id,
  )
  const near = nearest(timeFrom, names)
  throw invalid(
    tag,
    `timeFrom names no tag of this source: "${timeFrom}"`,
    near ? `Did you mean ${near}?` : 'Declare it',
  )
}

/** Whether a field of this type holds a date and time. */
export function isTime({ type, count }: Address): boolean {
  return timeTypes.has(type) && count === undefined
}

const timeTypes = new Set(['DTL', 'DTLZ', 'DATE_AND_TIME', 'DTZ', 'LDT'])
const counterTypes: Readonly<Record<string, EpochUnit>> = {
  DINT: 's',
  UDINT: 's',
  DWORD: 's',
  LINT: 'ms',
  ULINT: 'ms',
  LWORD: 'ms',
}

function unitOf({ tag, address }: Declared, { type, count }: Address): EpochUnit {
  const unit = timeTypes.has(type) ? 's' : counterTypes[type]
  if (unit === undefined || count !== undefined) {
    throw invalid(
      tag,
      `${address.address} cannot hold a time`,
      'Use a DTL, an LDT, a DATE_AND_TIME, or an integer of 32 or 64 bits',
    )
  }
  return address.epochUnit ?? unit
}

function invalid(tag: Tag, message: string, hint: string): MillraceError {
  return new MillraceError('config-invalid', `${tag.asset} ${tag.name}: ${message}`, { hint })
}
