/** What the board sends to pages: over the WebSocket a snapshot, then changes; over HTTP an asset's history. */
import type { Alarm, JsonValue } from '../model/index.ts'
import type { ShownPart } from './part-table.ts'
import type { CardAsset, TagLimits } from './plant.ts'
import type { Curve, SignalHistory, SignalValue, TagHistory, TagValue } from './series-table.ts'
import type { MachineStatus, OpenAlarm, PlantStatus } from './status.ts'

/** Everything of the status but what is sent in parts. */
export type Health = Omit<PlantStatus, 'machines' | 'alarms'>

/** Replaces all that a page knows. */
export type Snapshot = {
  type: 'snapshot'
  revision: number
  title: string
  assets: CardAsset[]
  health: Health
  machines: MachineStatus[]
  alarms: OpenAlarm[]
  values: TagValue[]
  signals: SignalValue[]
  /** Curves of the tags and signals on the cards, by `<asset> <tag>` and `<asset> <signal>`. */
  tagCurves: Record<string, Curve>
  signalCurves: Record<string, Curve>
}

/** What differs from an earlier revision; a part that is absent is as it was. */
export type Changes = {
  type: 'changes'
  revision: number
  health: Health
  machines?: MachineStatus[]
  /** All open alarms, not only the new ones. */
  alarms?: OpenAlarm[]
  values?: TagValue[]
  signals?: SignalValue[]
}

export type LiveMessage = Snapshot | Changes

/** One asset with its last minutes, second by second; times in s UTC. */
export type AssetHistory = {
  asset: string
  at: string
  /** The span asked for: after `from` up to `to`. */
  from: number
  to: number
  tags: {
    name: string
    unit: string
    description: string
    limits: TagLimits
    latest: { t: number; value: JsonValue; good: number } | null
    history: TagHistory
  }[]
  /** `ofTag`: the tag whose own value the signal judges; its chart is the tag's. */
  signals: { name: string; ofTag?: string; latest: SignalValue | null; history: SignalHistory }[]
  events: Pick<Alarm, 'id' | 'signal' | 'state' | 'severity' | 'since' | 't' | 'value' | 'unit' | 'reason'>[]
  /** The last parts that it made, the newest first. */
  parts: ShownPart[]
}
