/** One of the two that are compared: what is asked of both in the same way. */
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { peersClassPath } from '../peers/prepare.ts'
import type { Usage } from './instance.ts'
import { partitions, tagsPerAsset } from './load.ts'
import { ours, Spoken } from './spoken.ts'

export type Used = Omit<Usage, 'commitsMs'>

export interface Side {
  readonly name: string
  usage(): Promise<Used>
  end(): Promise<void>
}

/** A process a partition, as on two servers of a plant. */
export class Millrace implements Side {
  readonly name = 'millrace'
  readonly #instances: readonly Spoken[]
  commitsMs: number[] = []

  constructor(connection: string) {
    const script = join(import.meta.dirname, 'instance.ts')
    this.#instances = Array.from({ length: partitions }, (_, partition) =>
      ours(script, connection, String(partition)),
    )
  }

  async usage(): Promise<Used> {
    const all = await Promise.all(this.#instances.map(instance => instance.ask<Usage>('usage')))
    this.commitsMs.push(...all.flatMap(({ commitsMs }) => commitsMs))
    const sum = (of: (usage: Usage) => number) => all.reduce((total, usage) => total + of(usage), 0)
    return {
      records: sum(({ records }) => records),
      cpuMicros: sum(({ cpuMicros }) => cpuMicros),
      rssBytes: sum(({ rssBytes }) => rssBytes),
    }
  }

  async end(): Promise<void> {
    await Promise.all(this.#instances.map(instance => instance.end()))
  }
}

/** One process with a thread a partition. */
export class KafkaStreams implements Side {
  readonly name = 'Kafka Streams'
  readonly #process: Spoken

  private constructor(process: Spoken) {
    this.#process = process
  }

  static async open(properties: string, stateDir: string): Promise<KafkaStreams> {
    const classPath = await peersClassPath()
    return new KafkaStreams(
      new Spoken('java', ['-Xmx768m', '-cp', classPath, 'Aggregate', properties, stateDir]),
    )
  }

  start(applicationId: string): Promise<unknown> {
    return this.#process.ask(`start ${applicationId}`)
  }

  stop(): Promise<unknown> {
    return this.#process.ask('stop')
  }

  usage(): Promise<Used> {
    return this.#process.ask('usage')
  }

  end(): Promise<void> {
    return this.#process.end()
  }
}

export type Measured = { readonly samplesPerS: number; readonly cpuMicros: number }

const giveUpMs = 180_000

/** From where a fifth of the records is taken, so that starting does not count, to where all are. */
export async function catchUp(side: Side, total: number): Promise<Measured> {
  const from = await reached(side, total / 5)
  const to = await reached(side, total)
  const samples = (to.used.records - from.used.records) * tagsPerAsset
  return {
    samplesPerS: (samples / (to.at - from.at)) * 1_000,
    cpuMicros: (to.used.cpuMicros - from.used.cpuMicros) / samples,
  }
}

/** CPU while the work goes on, until all of it is taken. */
export async function during(side: Side, total: number, work: () => Promise<unknown>): Promise<number> {
  const before = await side.usage()
  await work()
  const { used } = await reached(side, total)
  return (used.cpuMicros - before.cpuMicros) / ((used.records - before.records) * tagsPerAsset)
}

async function reached(side: Side, records: number): Promise<{ used: Used; at: number }> {
  const deadline = performance.now() + giveUpMs
  for (;;) {
    const used = await side.usage()
    if (used.records >= records) return { used, at: performance.now() }
    if (performance.now() > deadline)
      throw new Error(`${side.name} has taken ${used.records} of ${records} records`)
    await sleep(25)
  }
}
