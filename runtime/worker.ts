import { isDeepStrictEqual } from 'node:util'
import { lifecycle } from '../alarms/lifecycle.ts'
import type { Plant, SignalSpec } from '../config/plant.ts'
import type { InRecord, OutRecord } from '../edge-broker/kafka.ts'
import { partitionOf } from '../edge-broker/partition.ts'
import { placeKey } from '../edge-broker/task/cut-back.ts'
import type { Worker } from '../edge-broker/task/shell.ts'
import { type Chain, lineOf, type Micros, type Processor, type ProcessorEvent } from '../model/index.ts'
import { chainFor, runChain, runTick } from '../processors/chain.ts'
import { activationOf, tickIn, tickRecord, type Where } from './activation.ts'
import { retriedHeader } from './deadletter/letters.ts'
import { type Identity, Retries } from './deadletter/retries.ts'
import { clockTopic, decode, type InputEvent, labelOf } from './input.ts'
import { type ModelBook, noModels } from './models/book.ts'
import { type Moment, published } from './published.ts'
import { RedoLogs } from './redo.ts'
import { type Entry, readEntry } from './state-entry.ts'
import { Ticks } from './ticks.ts'

type Place = Where & Pick<InRecord, 'headers'> & { readonly value: Buffer | null }

export type ChainWorkerOptions = {
  /** Topics of results that anybody wants; left out: all. */
  readonly isWanted?: (topic: string) => boolean
  /** False where nobody asks for `changed`. */
  readonly keepsState?: boolean
  /** Is told of every record that can be read. */
  readonly onEvent?: (event: InputEvent) => void
  /** The models as they are now; left out: none. */
  readonly books?: { readonly current: ModelBook }
}

export type ChainWorker = Worker & {
  /** `step` of a record that is decoded already. */
  take(event: InputEvent, record: Place): readonly OutRecord[]
}

/** Last sequence number by epoch: a server that comes back may deliver what its disk still held of an older one. */
type LastOfEpoch = Readonly<Record<number, number>>

/**
 * Entries of the changelog are `<processor>@<asset>`, `seen@<source>` for the last record taken of a source,
 * `seen@retried/<source>` for the dead letters of it that were put back and taken, `active@<plant>` for the hash of the
 * plant folder that was active last, `models@<plant>` for the models that were, and `tick@<plant>` for the last tick. The
 * records that a large state was stepped with since its snapshot are in `<processor>@<asset>/<slot>`.
 */
const stateKey = (processor: string, asset: string) => `${processor}@${asset}`
const seen = 'seen'
const retried = 'retried/'
const active = 'active'
const models = 'models'
const tick = 'tick'
const retriedKey = (topic: string, { source }: Identity) => stateKey(seen, `${retried}${topic}/${source}`)

/**
 * The processors of one partition as the exactly-once shell runs them: every asset's chain with its state, and the
 * (source, epoch, seq) last taken of each source, because a source may deliver a record again after a crash. A plant
 * that has changed takes effect with the next record, which an `activations` record names: only assets that are
 * declared otherwise get new chains, and only signals that are declared otherwise begin with a new state.
 */
export function chainWorker(
  plants: { readonly current: Plant },
  {
    isWanted = () => true,
    keepsState = true,
    onEvent = () => {},
    books = { current: noModels },
  }: ChainWorkerOptions = {},
): ChainWorker {
  let plant = plants.current
  let activeHash: string | undefined
  let activeModels = '{}'
  const specs = new Map<string, string>()
  const chains = new Map<string, Chain>()
  const classes = new Map<string, string>()
  const states = new Map<string, Map<string, unknown>>()
  const lastSeen = new Map<string, LastOfEpoch>()
  const retries = new Retries()
  const dirty = new Map<string, () => unknown>()
  const ticks = new Ticks()
  const logs = new RedoLogs()

  const chainOf = (asset: string): Chain => {
    let chain = chains.get(asset)
    if (!chain) {
      const declared = plant.assets.find(({ id }) => id === asset)
      chain = chainFor(
        declared ?? { id: asset, tags: [], signals: [] },
        [lifecycle(plant.alarms) as Processor<unknown>],
        plant.aggregates && { aggregate: plant.aggregates },
      )
      chains.set(asset, chain)
      if (declared?.class !== undefined) classes.set(asset, declared.class)
      else classes.delete(asset)
      for (const processor of chain.processors) if (processor.isLarge) redo(asset, processor)
      for (const signal of declared?.signals ?? []) renew(asset, signal)
    }
    return chain
  }
  /** Brings a restored state to where it was. */
  const redo = (asset: string, processor: Processor<unknown>): void => {
    const key = stateKey(processor.name, asset)
    for (const record of logs.of(key).redo(key)) {
      const event = decode({ ...restored, ...record })
      const of = statesOf(asset)
      const [state] = processor.step(of.get(processor.name) ?? processor.initial(), event)
      of.set(processor.name, state)
    }
  }
  /** A signal that is declared otherwise than when its state was made begins anew. */
  const renew = (asset: string, signal: SignalSpec): void => {
    const key = stateKey(signal.name, asset)
    const spec = JSON.stringify(signal)
    const before = specs.get(key)
    if (before !== undefined && before !== spec) statesOf(asset).delete(signal.name)
    specs.set(key, spec)
  }
  const adopt = (next: Plant): void => {
    if (next === plant) return
    const of = (asset: string, { assets, alarms, aggregates }: Plant) => [
      assets.find(({ id }) => id === asset),
      alarms,
      aggregates,
    ]
    for (const asset of chains.keys()) {
      if (isDeepStrictEqual(of(asset, plant), of(asset, next))) continue
      // What was stepped so far was stepped as it was declared then: it is not to be stepped again.
      for (const { name, isLarge } of chains.get(asset)!.processors)
        if (isLarge) dirty.set(stateKey(name, asset), () => statesOf(asset).get(name))
      chains.delete(asset)
    }
    plant = next
  }
  /** Once a plant folder and partition: from which input record on it holds. */
  const activation = (record: Where): OutRecord[] => {
    if (activeHash === plant.hash) return []
    activeHash = plant.hash
    dirty.set(stateKey(active, plant.name), () => activeHash)
    return [activationOf(plant, record)]
  }
  /** Once a choice of models and partition. */
  const modelActivation = (record: Place): OutRecord[] => {
    const inForce = JSON.stringify(books.current.inForce)
    if (activeModels === inForce) return []
    activeModels = inForce
    dirty.set(stateKey(models, plant.name), () => activeModels)
    return [activationOf(plant, record, books.current)]
  }
  const statesOf = (asset: string): Map<string, unknown> => {
    const of = states.get(asset) ?? new Map<string, unknown>()
    states.set(asset, of)
    return of
  }
  /** Whether the record comes after everything seen of its source and epoch in this partition and topic. */
  const isNew = (topic: string, { source, epoch, seq }: Identity): boolean => {
    const key = stateKey(seen, `${topic}/${source}`)
    const last = lastSeen.get(key) ?? {}
    if (seq <= (last[epoch] ?? 0)) return false
    const next = { ...last, [epoch]: seq }
    lastSeen.set(key, next)
    dirty.set(key, () => next)
    return true
  }
  const whole = (key: string, state: unknown): string => {
    const log = logs.get(key)
    const spec = specs.get(key)
    const value = JSON.stringify({
      v: 1,
      state,
      ...(spec !== undefined && { spec }),
      ...(log && { count: log.count }),
    } satisfies Entry)
    log?.snapshotTaken(value.length)
    return value
  }
  /** Which states the record has changed. */
  const changedBy = (event: ProcessorEvent, record: Place, { asset, processors }: Chain): void => {
    for (const { name, isLarge } of processors) {
      const key = stateKey(name, asset)
      if (!isLarge) dirty.set(key, () => statesOf(asset).get(name))
      else if (event.kind === 'telemetry') logs.note(key, record)
    }
  }

  let known: { readonly of: Plant; readonly states: number; readonly assets: readonly string[] } | undefined
  /** Every asset that is declared for the partition or has a state there, in one order whatever was restored when. */
  const assetsIn = (partition: number): readonly string[] => {
    if (known?.of === plant && known.states === states.size) return known.assets
    const here = ({ id }: { id: string }) => partitionOf(lineOf(id), plant.partitions) === partition
    const declared = plant.assets.filter(here).map(({ id }) => id)
    for (const id of declared) statesOf(id)
    known = { of: plant, states: states.size, assets: [...new Set([...declared, ...states.keys()])].sort() }
    return known.assets
  }
  const ticked = (t: Micros | undefined, place: Moment): OutRecord[] => {
    if (t === undefined) return []
    dirty.set(stateKey(tick, plant.name), () => ticks.kept)
    return assetsIn(place.partition).flatMap(asset => {
      const of = statesOf(asset)
      const { outputs, changed } = runTick(of, chainOf(asset), t)
      for (const name of changed) dirty.set(stateKey(name, asset), () => of.get(name))
      return outputs.flatMap(output => published(output, plant, place, isWanted))
    })
  }

  const stepped = (asset: string, event: ProcessorEvent, record: Place): OutRecord[] => {
    const chain = chainOf(asset)
    const assetClass = classes.get(asset)
    const given =
      event.kind === 'telemetry' && assetClass !== undefined
        ? { ...event, models: books.current.of(assetClass) }
        : event
    const outputs = runChain(statesOf(asset), chain, given)
    if (keepsState) changedBy(event, record, chain)
    return outputs.flatMap(output => published(output, plant, record, isWanted))
  }

  const take = (event: InputEvent, record: Place): OutRecord[] => {
    onEvent(event)
    const identity = event.kind === 'waveform' ? event.block : event.record
    const isRetry = record.headers.has(retriedHeader)
    const letter = retriedKey(record.topic, identity)
    if (!(isRetry ? retries.isNew(letter, identity) : isNew(record.topic, identity))) return []
    adopt(plants.current)
    const before = [
      ...activation(record),
      ...modelActivation(record),
      ...ticked(ticks.before(record), record),
    ]
    const outputs = stepped(identity.asset, event, record)
    if (isRetry) {
      const taken = retries.note(letter, identity)
      dirty.set(letter, () => taken)
    }
    return [...before, ...outputs]
  }

  /** What ends a life begins a new one; what judges an alarm is for training. */
  const labelled = (record: InRecord): OutRecord[] => {
    const { asset, what, at } = labelOf(record)
    if (what !== 'repaired' && what !== 'failed') return []
    return stepped(asset, { kind: 'repair', t: at }, record)
  }

  return {
    restore(key, value) {
      if (key === placeKey) return // of the shell's own
      const [name, of] = split(key)
      if (isSlot(name, of)) {
        statesOf(of.slice(0, of.lastIndexOf('/')))
        logs.of(key.slice(0, key.lastIndexOf('/'))).restoreEntry(value)
        return
      }
      const { state, spec, count } = readEntry(key, value)
      if (count !== undefined) logs.of(key).restoreSnapshot(count, value.byteLength)
      if (spec !== undefined) specs.set(key, spec)
      if (name === active) activeHash = state as string
      else if (name === models) activeModels = state as string
      else if (name === tick) ticks.restore(state as Ticks['kept'])
      else if (name === seen && of.startsWith(retried)) retries.restore(key, state as readonly string[])
      else if (name === seen) lastSeen.set(key, state as LastOfEpoch)
      else statesOf(of).set(name, state)
    },
    step(record) {
      if (record.topic === 'activations') return ticked(tickIn(record, ticks), record)
      if (record.topic === 'labels') return labelled(record)
      return take(decode(record), record)
    },
    take,
    idle(partition, ms) {
      const t = ticks.at(ms)
      if (t === undefined) return []
      adopt(plants.current)
      // Waveforms may have gone on beyond the time that is told: a replay must have them before it, too.
      const timestamp = Math.max(t / 1_000, ticks.newest)
      const place = { topic: clockTopic, partition, offset: BigInt(ticks.next), timestamp }
      const activated = [...activation(place), tickRecord(plant, place, t)]
      return [...activated, ...ticked(t, place)]
    },
    changed() {
      const noted = logs.entries(key => dirty.has(key))
      for (const key of noted.whole) dirty.set(key, () => statesOf(split(key)[1]).get(split(key)[0]))
      const changed = Array.from(dirty, ([key, state]) => ({ key, value: whole(key, state()) }))
      dirty.clear()
      return [...noted.entries, ...changed]
    },
  }
}

/** Of a record that is stepped again only value and time count. */
const restored = { topic: 'telemetry', partition: 0, offset: 0n, key: '', headers: new Map<string, string>() }

/** `<asset>/<slot>`, where an asset is `site/area/line/asset`; what is seen of sources has no slots. */
const isSlot = (name: string, of: string): boolean => name !== seen && /^([^/]+\/){4}\d+$/.test(of)

function split(key: string): [string, string] {
  const at = key.indexOf('@')
  return [key.slice(0, at), key.slice(at + 1)]
}
