import type { InRecord } from '../edge-broker/kafka.ts'
import { type Aggregate, type ShedEntry, serviceKeyPrefix, shedKeyPrefix } from '../model/index.ts'
import { AlarmTable } from './alarm-table.ts'
import { AssetTable } from './asset-table.ts'
import { historyOf } from './history.ts'
import type { AssetHistory, Changes, Health, LiveMessage, Snapshot } from './messages.ts'
import { PartTable } from './part-table.ts'
import { readers } from './payload.ts'
import type { BoardAsset, BoardPlant } from './plant.ts'
import { type Curve, SeriesTable } from './series-table.ts'
import { ServiceTable } from './service-table.ts'
import { shedStatus } from './shed.ts'
import { SourceTable } from './source-table.ts'
import type { BrokerStatus, FeedStatus, Lag, MachineStatus, OpenAlarm, PlantStatus } from './status.ts'
import { iso } from './time.ts'

export const followedTopics = {
  /** Compacted: read from the start. */
  current: ['ledger', 'alarms'],
  /** Read as far back as history is shown. */
  recent: ['alarm-events', 'signals', 'parts', 'aggregates-1s'],
} as const

export type ViewOptions = {
  /** Seconds of history kept of every tag and signal. */
  historyS?: number
  /** Bound on tags and signals together; each takes up to 20 bytes a second of history. */
  maxSeries?: number
}

const curvePoints = 40
const curveStepS = 15

/**
 * The plant as the topics tell it: a materialised view, fed with records and asked at any time. Pure: it has no clock and
 * does no I/O, its memory is bounded, and reading a record again changes nothing. `now` is ms UTC throughout.
 *
 * Every change raises `revision`, so that any number of readers can ask for what has changed since the one they know.
 */
export class PlantView {
  readonly plant: BoardPlant
  boardUrl: string | undefined
  readonly #assets: AssetTable
  readonly #alarms = new AlarmTable()
  readonly #parts = new PartTable()
  readonly #sources = new SourceTable()
  readonly #services = new ServiceTable()
  readonly #shed = new Map<string, ShedEntry>()
  readonly #series: SeriesTable
  readonly #machines = new Map<string, { status: MachineStatus; text: string; revision: number }>()
  readonly #historyS: number
  #revision = 1
  #alarmsRevision = 1
  #cardsRevision = 1
  #openAlarms: OpenAlarm[] = []
  #badPayloads = 0
  #feed: { state: FeedStatus['state']; sinceMs: number; reason?: string } = {
    state: 'connecting',
    sinceMs: 0,
  }
  #brokers: BrokerStatus[] = []
  #lag: Lag = { records: null }

  constructor(plant: BoardPlant, options: ViewOptions = {}) {
    this.plant = plant
    this.#historyS = options.historyS ?? 900
    this.#series = new SeriesTable(this.#historyS, options.maxSeries ?? 10_000)
    this.#assets = new AssetTable(plant.assets)
  }

  get revision(): number {
    return this.#revision
  }

  /** Takes records of the followed topics in the order of each partition. What cannot be read is counted. */
  apply(records: readonly InRecord[]): void {
    this.#revision += 1
    for (const record of records) {
      if (!this.#applyOne(record)) this.#badPayloads += 1
    }
    if (this.#alarmsRevision === this.#revision) this.#openAlarms = this.#alarms.open()
  }

  /** How this view itself is fed; `since` moves only when the state does. */
  setFeed(state: FeedStatus['state'], now: number, reason?: string): void {
    const sinceMs = state === this.#feed.state ? this.#feed.sinceMs : now
    this.#feed = { state, sinceMs, ...(reason && { reason }) }
    if (state === 'away') this.#brokers = this.#brokers.map(broker => ({ ...broker, up: false }))
    this.#revision += 1
  }

  setCluster(brokers: BrokerStatus[], lag: Lag): void {
    this.#brokers = brokers
    this.#lag = lag
    this.#revision += 1
  }

  status(now: number): PlantStatus {
    return { ...this.#health(now), machines: this.#machinesAt(now), alarms: { open: this.#openAlarms } }
  }

  snapshot(now: number): Snapshot {
    const machines = this.#machinesAt(now)
    return {
      type: 'snapshot',
      revision: this.#revision,
      title: this.plant.title,
      assets: this.#assets.cards,
      health: this.#health(now),
      machines,
      alarms: this.#openAlarms,
      values: this.#series.tagsSince(-1).filter(({ asset, tag }) => this.#assets.isOnCard(asset, tag)),
      signals: this.#series.signalsSince(-1),
      ...this.#curves(now),
    }
  }

  /** What a reader that knows `revision` must be told: all, where the cards themselves are others than then. */
  messageSince(revision: number, now: number): LiveMessage {
    return this.#cardsRevision > revision ? this.snapshot(now) : this.changesSince(revision, now)
  }

  changesSince(revision: number, now: number): Changes {
    this.#machinesAt(now)
    const machines = [...this.#machines.values()].filter(machine => machine.revision > revision)
    const values = this.#series
      .tagsSince(revision)
      .filter(({ asset, tag }) => this.#assets.isOnCard(asset, tag))
    const signals = this.#series.signalsSince(revision)
    return {
      type: 'changes',
      revision: this.#revision,
      health: this.#health(now),
      ...(machines.length > 0 && { machines: machines.map(({ status }) => status) }),
      ...(this.#alarmsRevision > revision && { alarms: this.#openAlarms }),
      ...(values.length > 0 && { values }),
      ...(signals.length > 0 && { signals }),
    }
  }

  /** The seconds of an asset after `after` (s UTC); undefined when the plant has no such asset. */
  history(assetId: string, after: number, now: number): AssetHistory | undefined {
    const asset = this.#assets.get(assetId)
    if (!asset) return undefined
    const until = Math.floor(now / 1000)
    const from = Math.max(after, until - this.#historyS)
    const [events, parts] = [this.#alarms.eventsOf(assetId), this.#parts.of(assetId)]
    return historyOf(asset, this.#series, events, parts, { from, until, now })
  }

  #applyOne(record: InRecord): boolean {
    switch (record.topic) {
      case 'ledger':
        return this.#applyLedger(record)
      case 'alarms':
        return this.#applyAlarm(record)
      case 'alarm-events': {
        const alarm = readers.alarm(record)
        if (alarm) this.#alarms.addEvent(alarm)
        return alarm !== undefined
      }
      case 'signals': {
        const signal = readers.signal(record)
        if (signal) this.#series.applySignal(signal, this.#revision)
        return signal !== undefined
      }
      case 'parts': {
        const part = readers.part(record)
        if (part) this.#parts.apply(part)
        return part !== undefined
      }
      case 'aggregates-1s': {
        const window = readers.aggregate(record)
        if (window) this.#applyAggregate(window)
        return window !== undefined
      }
      default:
        return false
    }
  }

  #applyAggregate(window: Aggregate): void {
    const isKept = this.#series.applyAggregate(window, this.#revision)
    if (isKept && this.#assets.hear(window)) this.#cardsRevision = this.#revision
  }

  #applyLedger(record: InRecord): boolean {
    if (record.key.startsWith(serviceKeyPrefix)) return this.#applyService(record)
    if (record.key.startsWith(shedKeyPrefix)) return this.#applyShed(record)
    if (record.value === null) {
      this.#sources.remove(record.key)
      return true
    }
    if (record.key === 'replicator') {
      const entry = readers.replicator(record)
      if (entry) this.#sources.applyReplicator(entry, record.timestamp)
      return entry !== undefined
    }
    const entry = readers.ledger(record)
    if (entry) this.#sources.apply(entry)
    return entry !== undefined
  }

  #applyShed(record: InRecord): boolean {
    const entry = readers.shed(record)
    if (entry) this.#shed.set(record.key, entry)
    return entry !== undefined
  }

  #applyService(record: InRecord): boolean {
    const entry = record.value === null ? null : readers.service(record)
    if (entry) this.#services.apply(record.key, entry)
    else if (entry === null) this.#services.remove(record.key)
    return entry !== undefined
  }

  #applyAlarm(record: InRecord): boolean {
    const alarm = record.value === null ? null : readers.alarm(record)
    if (alarm === undefined) return false
    const changed = alarm === null ? this.#alarms.remove(record.key) : this.#alarms.apply(alarm)
    if (changed) this.#alarmsRevision = this.#revision
    return true
  }

  #health(now: number): Health {
    const { state, sinceMs, reason } = this.#feed
    return {
      plant: this.plant.name,
      at: iso(now * 1000),
      feed: {
        state,
        since: iso(sinceMs * 1000),
        ...(reason && { reason }),
        badPayloads: this.#badPayloads,
        leftOut: this.#series.leftOut,
      },
      brokers: this.#brokers,
      samplesPerSecond: Math.round(this.#sources.samplesPerSecond(now) * 10) / 10,
      lag: this.#lag,
      replication: this.#sources.replication(now),
      losses: this.#sources.losses(),
      sources: this.#sources.sources(),
      configuration: this.#services.status(),
      shed: shedStatus([...this.#shed.values()]),
      board: this.boardUrl ? { url: this.boardUrl } : {},
    }
  }

  /** Silence changes a machine's state without any record: compared with the last look, a difference is a revision. */
  #machinesAt(now: number): MachineStatus[] {
    const revision = this.#revision + 1
    for (const asset of this.#assets.all()) {
      const status = this.#machine(asset, now)
      const text = JSON.stringify(status)
      if (this.#machines.get(asset.id)?.text === text) continue
      this.#machines.set(asset.id, { status, text, revision })
      this.#revision = revision
    }
    return [...this.#machines.values()].map(machine => machine.status)
  }

  #machine(asset: BoardAsset, now: number): MachineStatus {
    const { connector, ...state } = this.#sources.stateOf(asset, now)
    const declared = this.plant.sources.find(source => source.name === asset.source)?.connector
    const lastSampleAt = this.#series.lastSampleAt(asset.id)
    return {
      asset: asset.id,
      name: asset.name,
      source: asset.source,
      connector: connector ?? declared ?? 'unknown',
      ...state,
      ...(lastSampleAt !== undefined && { lastSampleAt: iso(lastSampleAt) }),
    }
  }

  #curves(now: number): Pick<Snapshot, 'tagCurves' | 'signalCurves'> {
    const end = Math.floor(now / 1000)
    const tagCurves: Record<string, Curve> = {}
    for (const { asset, tag } of this.#series.tagsSince(-1)) {
      if (!this.#assets.isOnCard(asset, tag)) continue
      const curve = this.#series.tagCurve(asset, tag, end, curvePoints, curveStepS)
      if (curve) tagCurves[`${asset} ${tag}`] = curve
    }
    const signalCurves: Record<string, Curve> = {}
    for (const { asset, signal } of this.#series.signalsSince(-1)) {
      const curve = this.#series.signalCurve(asset, signal, end, curvePoints, curveStepS)
      if (curve) signalCurves[`${asset} ${signal}`] = curve
    }
    return { tagCurves, signalCurves }
  }
}
