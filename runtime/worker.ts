import { isDeepStrictEqual } from 'node:util'
import { lifecycle } from '../alarms/lifecycle.ts'
import type { Plant, SignalSpec } from '../config/plant.ts'
import type { InRecord, OutRecord } from '../edge-broker/kafka.ts'
import { partitionOf } from '../edge-broker/partition.ts'
import type { Worker } from '../edge-broker/task/shell.ts'
import {
  type Activation,
  type Chain,
  lineOf,
  MillraceError,
  type Output,
  type Processor,
  type ProcessorEvent,
} from '../model/index.ts'
import { chainFor, keyOf, runChain } from '../processors/chain.ts'
import { exportsOf } from '../replicator/export.ts'
import { waveformOf } from './waveform.ts'

type Identity = { readonly source: string; readonly epoch: number; readonly seq: number }
/** Last sequence number by epoch: a server that comes back may deliver what its disk still held of an older one. */
type LastOfEpoch = Readonly<Record<number, number>>
type AssetStates = Map<string, unknown>
/** An entry of the changelog. `spec` is the declaration that the state was made under, for a declared signal. */
type Entry = { readonly v: 1; readonly state: unknown; readonly spec?: string }

/**
 * Entries of the changelog are `<processor>@<asset>`, `seen@<source>` for the last record taken of a source, and
 * `active@<plant>` for the hash of the plant folder that was active last.
 */
const stateKey = (processor: string, asset: string) => `${processor}@${asset}`
const seen = 'seen'
const active = 'active'

/**
 * The processors of one partition as the exactly-once shell runs them: every asset's chain with its state, and the
 * (source, epoch, seq) last taken of each source, because a source may deliver a record again after a crash. A plant
 * that has changed takes effect with the next record, which an `activations` record names: only assets that are
 * declared otherwise get new chains, and only signals that are declared otherwise begin with a new state.
 */
export function chainWorker(plants: { readonly current: Plant }): Worker {
  let plant = plants.current
  let activeHash: string | undefined
  const specs = new Map<string, string>()
  const chains = new Map<string, Chain>()
  const states = new Map<string, AssetStates>()
  const lastSeen = new Map<string, LastOfEpoch>()
  const dirty = new Map<string, () => unknown>()

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
      for (const signal of declared?.signals ?? []) renew(asset, signal)
    }
    return chain
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
      if (!isDeepStrictEqual(of(asset, plant), of(asset, next))) chains.delete(asset)
    }
    plant = next
  }
  /** Once a plant folder and partition: from which input record on it holds. */
  const activation = (record: InRecord): OutRecord[] => {
    if (activeHash === plant.hash) return []
    activeHash = plant.hash
    dirty.set(stateKey(active, plant.name), () => activeHash)
    return [activationOf(plant, record)]
  }
  const statesOf = (asset: string): AssetStates => {
    const of: AssetStates = states.get(asset) ?? new Map()
    states.set(asset, of)
    return of
  }
  /** As if there had never been such an entry. */
  const forget = (key: string): void => {
    const [name, of] = split(key)
    specs.delete(key)
    lastSeen.delete(key)
    if (name === active) activeHash = undefined
    statesOf(of).delete(name)
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

  return {
    restore(key, value) {
      if (value === null) return forget(key)
      const { state, spec } = JSON.parse(value.toString()) as Partial<Entry>
      const [name, of] = split(key)
      if (spec !== undefined) specs.set(key, spec)
      if (name === active) activeHash = state as string
      else if (name === seen) lastSeen.set(key, state as LastOfEpoch)
      else statesOf(of).set(name, state)
    },
    step(record) {
      const event = decode(record)
      const identity = event.kind === 'waveform' ? event.block : event.record
      if (!isNew(record.topic, identity)) return []
      adopt(plants.current)
      const activated = activation(record)
      const chain = chainOf(identity.asset)
      const of = statesOf(identity.asset)
      const outputs = runChain(of, chain, event)
      for (const { name } of chain.processors) dirty.set(stateKey(name, identity.asset), () => of.get(name))
      return [...activated, ...outputs.flatMap(output => published(output, plant, record))]
    },
    changed() {
      const entries = Array.from(dirty, ([key, state]) => ({
        key,
        value: JSON.stringify({
          v: 1,
          state: state(),
          ...(specs.has(key) && { spec: specs.get(key)! }),
        } satisfies Entry),
      }))
      dirty.clear()
      return entries
    },
  }
}

function activationOf(plant: Plant, { topic, partition, offset, timestamp }: InRecord): OutRecord {
  const before = { topic, partition, offset: String(offset) }
  const value: Activation = {
    v: 1,
    kind: 'configuration',
    plant: plant.name,
    plantHash: plant.hash,
    before,
  }
  return { topic: 'activations', partition, key: plant.name, value: JSON.stringify(value), timestamp }
}

function split(key: string): [string, string] {
  const at = key.indexOf('@')
  return [key.slice(0, at), key.slice(at + 1)]
}

/** @throws MillraceError `bad-payload` */
function decode(record: InRecord): Exclude<ProcessorEvent, { kind: 'signal' }> {
  if (record.topic === 'waveforms') return { kind: 'waveform', block: waveformOf(record) }
  const parsed: unknown = record.value === null ? null : JSON.parse(record.value.toString())
  if (!isTelemetry(parsed)) throw new MillraceError('bad-payload', 'not a telemetry record of version 1')
  return { kind: 'telemetry', record: parsed }
}

type Telemetry = Extract<ProcessorEvent, { kind: 'telemetry' }>['record']

/** The shape without which no processor can work. The full schema is not run over each record on the hot path. */
function isTelemetry(parsed: unknown): parsed is Telemetry {
  if (typeof parsed !== 'object' || parsed === null) return false
  const { v, asset, source, epoch, seq, tags, tag, t, value, status } = parsed as Partial<Telemetry>
  if (v !== 1 || typeof asset !== 'string' || typeof source !== 'string') return false
  if (!Number.isInteger(epoch) || !Number.isInteger(seq)) return false
  const columns = [tag, t, value, status]
  return Array.isArray(tags) && columns.every(column => Array.isArray(column) && column.length === t?.length)
}

/** The record itself and what the export policy makes of it; stamped with the time at which its input reached Kafka. */
function published(output: Output, plant: Plant, { timestamp }: InRecord): OutRecord[] {
  const partition = partitionOf(lineOf(output.value.asset), plant.partitions)
  const record = {
    topic: output.topic,
    partition,
    key: keyOf(output),
    value: JSON.stringify(output.value),
    timestamp,
  }
  const exported = plant.region
    ? exportsOf(plant.region, output).map(({ topic }) => ({ ...record, topic }))
    : []
  return [record, ...exported]
}
