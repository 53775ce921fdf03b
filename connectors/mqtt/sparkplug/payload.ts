import protobuf from 'sparkplug-payload/lib/sparkplugPayloadProto.js'
import { coded, type Value } from '../../../model/index.ts'

/**
 * The protocol buffer messages are sparkplug-payload's; its decoding on top of them is not used, because it gives null
 * for metrics without a datatype, as data messages have them (Sparkplug 3.0, 6.4.2), and knows no arrays.
 */
const { Payload } = protobuf.org.eclipse.tahu.protobuf

type Wide = number | { readonly low: number; readonly high: number }

/** A metric as protobuf decodes it; what is not its own key was not sent. */
export type RawMetric = {
  readonly name?: string | null
  readonly alias?: Wide | null
  readonly timestamp?: Wide | null
  readonly datatype?: number | null
  readonly isHistorical?: boolean | null
  readonly isNull?: boolean | null
  readonly properties?: { keys?: string[] | null; values?: RawValue[] | null } | null
} & RawValue

export type RawValue = {
  readonly type?: number | null
  readonly intValue?: number | null
  readonly longValue?: Wide | null
  readonly floatValue?: number | null
  readonly doubleValue?: number | null
  readonly booleanValue?: boolean | null
  readonly stringValue?: string | null
  readonly bytesValue?: Uint8Array | null
  readonly datasetValue?: RawDataSet | null
  readonly templateValue?: { metrics?: RawMetric[] | null } | null
}

export type RawDataSet = {
  readonly columns?: string[] | null
  readonly types?: number[] | null
  readonly rows?: { elements?: RawValue[] | null }[] | null
}

export type RawPayload = {
  readonly timestamp?: Wide | null
  readonly seq?: Wide | null
  readonly metrics: readonly RawMetric[]
}

/** @throws MillraceError `bad-payload` */
export function decodePayload(bytes: Uint8Array): RawPayload {
  try {
    return Payload.decode(bytes) as unknown as RawPayload
  } catch (thrown) {
    throw coded(thrown, 'bad-payload', 'the payload is not Sparkplug B')
  }
}

/** A field that was sent; protobuf's defaults are on the prototype. */
export function sent<T extends object, K extends keyof T>(message: T, key: K): NonNullable<T[K]> | undefined {
  return Object.hasOwn(message, key) ? (message[key] ?? undefined) : undefined
}

/** An unsigned 64 bit field, exact. */
export function wide(value: Wide): bigint {
  if (typeof value === 'number') return BigInt(value)
  return (BigInt(value.high >>> 0) << 32n) | BigInt(value.low >>> 0)
}

/** The same where it is small by its nature: a time in ms, a sequence number. */
export function small(value: Wide | undefined): number | undefined {
  return value === undefined ? undefined : Number(wide(value))
}

/** A command message (NCMD, DCMD) with one metric; `field` names the protobuf field of its value. */
export function encodeCommand(
  metric: { name: string; datatype: number; field: string; value: Value },
  nowMs: number,
): Uint8Array {
  const { name, datatype, field, value } = metric
  const body = {
    name,
    datatype,
    timestamp: nowMs,
    [field]: typeof value === 'bigint' ? longOf(value) : value,
  }
  return Payload.encode(Payload.fromObject({ timestamp: nowMs, metrics: [body] })).finish()
}

function longOf(value: bigint) {
  const bits = BigInt.asUintN(64, value)
  return { low: Number(bits & 0xffffffffn) | 0, high: Number(bits >> 32n) | 0, unsigned: true }
}
