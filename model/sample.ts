import type { AssetId } from './asset.ts'
import type { StatusCode } from './status.ts'
import type { Value } from './value.ts'

/** Microseconds since 1970-01-01 UTC, an integer (safe in a double until the year 2255). */
export type Micros = number

/** `telemetry` is columnar JSON; `waveform` is a block of equidistant float32 samples in the `waveforms` topic. */
export type TagClass = 'telemetry' | 'waveform'

/** One declared measuring point of an asset, without its address: that is the connector's. */
export type Tag = {
  asset: AssetId
  name: string
  class: TagClass
  /** UCUM or the plant's own text; told, never computed with. */
  unit?: string
  /** value = raw * scale + offset, for numbers and the numbers in arrays and blocks */
  scale?: number
  offset?: number
  /** The same by two points, both or neither, instead of scale and offset: raw `rawRange[i]` is `unitRange[i]`. No limits. */
  rawRange?: readonly [number, number]
  unitRange?: readonly [number, number]
  /** How a value lies between the two points; left out: on the straight line. */
  curve?: 'square-root'
  /** [low, high] in the tag's unit; a value outside, or an array with an element outside, gets status BadOutOfRange. */
  range?: readonly [number, number]
  /** What its aggregates have beside count, extremes and mean; `wrap`: where a counter begins again from zero. */
  aggregate?: 'time-weighted' | 'counter' | 'states'
  wrap?: number
  description?: string
  /** Waveforms only: samples a second within a block. */
  sampleRateHz?: number
}

/** One reading of one tag, good or bad. A bad one has the value `null` unless the device gave one. */
export type Sample = {
  tag: Tag
  /** Source time: the device's own where the protocol carries one, else the time of the response. */
  t: Micros
  value: Value
  status: StatusCode
  /** The protocol's own code where `status` is only its translation (S7 item return code). */
  code?: number
  /** Sub-microsecond part of the source time, picoseconds, where the protocol has it. */
  picoseconds?: number
  serverTime?: Micros
}
