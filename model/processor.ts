import type { AssetId } from './asset.ts'
import type { Part } from './part.ts'
import type { Aggregate, Alarm, Signal } from './results.ts'
import type { Micros } from './sample.ts'
import type { TelemetryRecord, WaveformBlock } from './telemetry.ts'
import type { TrainedModel } from './trained.ts'

/**
 * The trained models in force for an asset's class. They come with the event: a step depends on nothing else, a swap has
 * its position in the input, and no state holds a copy of them.
 */
export type ModelsInForce = { readonly active?: TrainedModel; readonly shadow?: TrainedModel }

/** What reaches a processor. Everything in one event belongs to one asset. */
export type ProcessorEvent =
  /**
   * `receivedAt`: when the record came from its source, as stamped on it in Kafka; absent where nobody stamped it.
   * `models`: those of the asset's class.
   */
  | {
      readonly kind: 'telemetry'
      readonly record: TelemetryRecord
      readonly receivedAt?: Micros
      readonly models?: ModelsInForce
    }
  | { readonly kind: 'waveform'; readonly block: WaveformBlock; readonly receivedAt?: Micros }
  | { readonly kind: 'signal'; readonly signal: Signal }
  /** Time has gone on, whether or not a record has come: at most once a second, on whole seconds of receipt, rising. */
  | { readonly kind: 'tick'; readonly t: Micros }
  | { readonly kind: 'part'; readonly part: Part }
  /** The asset is as new from `t` on: repaired, or replaced after a failure. */
  | { readonly kind: 'repair'; readonly t: Micros }

/** What a processor gives out; the topic says the type. `t` becomes the Kafka record's timestamp (in ms). */
export type Output =
  | {
      readonly topic: 'aggregates-1s' | 'aggregates-1m' | 'aggregates-1h'
      readonly value: Aggregate
      readonly t: Micros
    }
  | { readonly topic: 'signals'; readonly value: Signal; readonly t: Micros }
  | { readonly topic: 'parts'; readonly value: Part; readonly t: Micros }
  | { readonly topic: 'alarms' | 'alarm-events'; readonly value: Alarm; readonly t: Micros }

/**
 * Pure: no clock, no I/O, no randomness. Time comes from the event. Same state and input, same output, byte for byte.
 * One instance works for one asset; `State` is plain JSON data, because the shell keeps it in a changelog topic.
 * `step` may return the same state object, changed: the shell holds the only reference. At a tick, though, only what
 * comes as a new object counts as changed: ticks reach everything that is there, and few have anything to keep of them.
 */
export interface Processor<State> {
  /** Unique among the processors of one asset; names the state in the changelog. */
  readonly name: string
  /**
   * Its state is large, and nothing but telemetry records changes it (and ticks, told by a new object): what it is kept
   * by is a snapshot now and then, and the records since.
   */
  readonly isLarge?: boolean
  /** A new object at every call. */
  initial(): State
  step(state: State, event: ProcessorEvent): readonly [State, readonly Output[]]
}

/** All processors of one asset, in the order of the flow: what one gives out as a signal or part, the later ones see. */
export type Chain = { readonly asset: AssetId; readonly processors: readonly Processor<unknown>[] }
