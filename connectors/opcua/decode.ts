import type { DataValue, Variant } from 'node-opcua-client'
import { type Micros, type Sample, shortestFloat32, status, type Tag, type Value } from '../../model/index.ts'

/** Built-in types (OPC 10000-6, table 1). */
export const builtIn = {
  Null: 0,
  Boolean: 1,
  SByte: 2,
  Byte: 3,
  Int16: 4,
  UInt16: 5,
  Int32: 6,
  UInt32: 7,
  Int64: 8,
  UInt64: 9,
  Float: 10,
  Double: 11,
  String: 12,
  DateTime: 13,
  Guid: 14,
  ByteString: 15,
  XmlElement: 16,
  NodeId: 17,
  ExpandedNodeId: 18,
  StatusCode: 19,
  QualifiedName: 20,
  LocalizedText: 21,
  ExtensionObject: 22,
  DataValue: 23,
  Variant: 24,
  DiagnosticInfo: 25,
} as const

const builtInByName: Readonly<Record<string, number>> = {
  ...builtIn,
  UAString: builtIn.String,
  Char: builtIn.Byte,
}
const matrix = 2

/**
 * A DataValue as a sample. The status code stays as it is. The time is the source's, else the server's, else
 * `receivedAt`, because a sample without a time could not be ordered (OPC 10000-4, 7.11).
 */
export function sampleOf(tag: Tag, dataValue: DataValue, receivedAt: Micros): Sample {
  const source = microsOf(dataValue.sourceTimestamp, dataValue.sourcePicoseconds)
  const server = microsOf(dataValue.serverTimestamp, dataValue.serverPicoseconds)
  const sample: Sample = {
    tag,
    t: source ?? server ?? receivedAt,
    value: null,
    status: dataValue.statusCode.value >>> 0,
  }
  const rest = source === undefined ? 0 : Math.floor(dataValue.sourcePicoseconds % 1_000_000)
  if (rest > 0) sample.picoseconds = rest
  if (server !== undefined && server !== sample.t) sample.serverTime = server
  setValue(sample, dataValue.value)
  return sample
}

function setValue(sample: Sample, variant: Variant | undefined): void {
  if (!variant) return
  if (sample.tag.class === 'telemetry') sample.value = decoded(variant)
  else if (isNumeric(variant)) sample.value = Float32Array.from(variant.value as ArrayLike<number>)
  else if (variant.dataType !== builtIn.Null) sample.status = status.badTypeMismatch
}

/** An array of numbers that fit a float32 block; 64-bit integers come as pairs and do not. */
function isNumeric({ dataType, arrayType, value }: Variant): boolean {
  const number = dataType >= builtIn.SByte && dataType <= builtIn.Double
  const pair = dataType === builtIn.Int64 || dataType === builtIn.UInt64
  return number && !pair && arrayType === 1 && value !== null
}

/** Microseconds UTC of a timestamp and its sub-millisecond part. A DateTime of 1601 means "none" (OPC 10000-6, 5.2.2.5). */
export function microsOf(date: Date | null | undefined, picoseconds: number): Micros | undefined {
  const ms = date?.getTime()
  return ms === undefined || !(ms > 0) ? undefined : ms * 1000 + Math.floor((picoseconds ?? 0) / 1_000_000)
}

/** The value of a variant: scalars, arrays, matrices as nested arrays. */
export function decoded({ dataType, arrayType, value, dimensions }: Variant): Value {
  if (value === null || value === undefined) return null
  if (arrayType === 0) return scalarOf(dataType, value)
  const flat = Array.from(value as ArrayLike<unknown>, part => scalarOf(dataType, part))
  return arrayType === matrix && dimensions ? nested(flat, dimensions) : flat
}

function nested(flat: readonly Value[], [length, ...inner]: readonly number[]): Value {
  if (length === undefined || inner.length === 0) return flat
  const size = flat.length / length
  return Array.from({ length }, (_, i) => nested(flat.slice(i * size, (i + 1) * size), inner))
}

function scalarOf(dataType: number, raw: unknown): Value {
  if (raw === null || raw === undefined) return null
  switch (dataType) {
    case builtIn.Float:
      return shortestFloat32(raw as number)
    case builtIn.Int64:
      return BigInt.asIntN(64, bitsOf(raw as readonly [number, number]))
    case builtIn.UInt64:
      return bitsOf(raw as readonly [number, number])
    case builtIn.Variant:
      return decoded(raw as Variant)
    case builtIn.DataValue:
      return dataValueOf(raw as DataValue)
    case builtIn.ExtensionObject:
      return structureOf(raw as object)
    default:
      return simpleOf(dataType, raw)
  }
}

function simpleOf(dataType: number, raw: unknown): Value {
  switch (dataType) {
    case builtIn.DateTime:
      return dateText(raw as PreciseDate)
    case builtIn.ByteString:
      return Buffer.from(raw as Uint8Array).toString('base64')
    case builtIn.StatusCode:
      return (raw as { value: number }).value >>> 0
    case builtIn.LocalizedText: {
      const { text, locale } = raw as { text?: string | null; locale?: string | null }
      return { text: text ?? null, locale: locale ?? null }
    }
    case builtIn.QualifiedName: {
      const { namespaceIndex, name } = raw as { namespaceIndex: number; name?: string | null }
      return namespaceIndex === 0 ? (name ?? null) : `${namespaceIndex}:${name ?? ''}`
    }
    default:
      return typeof raw === 'object' ? String(raw) : (raw as number | boolean | string)
  }
}

/** The stack keeps what is finer than a millisecond beside the Date. */
type PreciseDate = Date & { readonly picoseconds?: number }

/** ISO 8601, to the 100 ns that a DateTime has (OPC 10000-6, 5.2.2.5), written only where they are not zero. */
function dateText(date: PreciseDate): string {
  const text = date.toISOString()
  const ticks = Math.floor((date.picoseconds ?? 0) / 100_000)
  return ticks === 0 ? text : text.replace('Z', `${String(ticks).padStart(4, '0')}Z`)
}

/** 64-bit integers come as [high, low] 32-bit halves. */
function bitsOf([high, low]: readonly [number, number]): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0)
}

function dataValueOf(dataValue: DataValue): Value {
  return {
    value: dataValue.value ? decoded(dataValue.value) : null,
    status: dataValue.statusCode.value >>> 0,
  }
}

type Field = { name: string; fieldType: string; isArray?: boolean; category?: string; schema?: unknown }
type Schema = { fields?: readonly Field[]; _possibleFields?: readonly Field[] }

/** A structure by its fields' names; one whose definition the server does not give, by its encoding and bytes. */
function structureOf(object: object): Value {
  const { schema } = object as { schema?: Schema }
  if ('buffer' in object && 'nodeId' in object) {
    return { encoding: String(object.nodeId), body: simpleOf(builtIn.ByteString, object.buffer) }
  }
  const types = new Map((schema?._possibleFields ?? schema?.fields ?? []).map(field => [field.name, field]))
  const parts = Object.entries(object).map(([name, raw]) => [name, fieldOf(types.get(name), raw)] as const)
  return Object.fromEntries(parts)
}

function fieldOf(field: Field | undefined, raw: unknown): Value {
  if (raw === null || raw === undefined) return null
  const one = (part: unknown): Value => {
    if (field?.category === 'enumeration' && typeof part === 'number') return namedIn(field.schema, part)
    const dataType = builtInByName[field?.fieldType.replace(/^.*:/, '') ?? '']
    if (dataType !== undefined && dataType !== builtIn.ExtensionObject) return scalarOf(dataType, part)
    return typeof part === 'object' && part !== null ? structureOf(part) : (part as number | boolean | string)
  }
  const list = field?.isArray && typeof raw === 'object' && 'length' in raw
  return list ? Array.from(raw as ArrayLike<unknown>, one) : one(raw)
}

/** The number of an enumeration with its name, where the definition has one. */
function namedIn(schema: unknown, value: number): Value {
  const { enumValues = {} } = schema as { enumValues?: Readonly<Record<string, unknown>> }
  const name = Object.entries(enumValues).find(([, number]) => number === value)?.[0]
  return name === undefined ? value : { value, name }
}
