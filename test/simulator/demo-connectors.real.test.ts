import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { loadPlant, type Plant } from '../../config/index.ts'
import { connectors } from '../../connectors/index.ts'
import { openPki, trust } from '../../connectors/opcua/trust.ts'
import { qualityOf, type Sample } from '../../model/index.ts'
import { Collector } from '../connectors/collector.ts'
import { blockSamples } from './accelerometer.ts'
import { type Simulator, startSimulator } from './index.ts'

describe("the demo plant's own folder, through the product's connectors, on the simulator", () => {
  let dir: string
  let simulator: Simulator
  let plant: Plant
  const stateDir = (source: string) => join(dir, source)

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
    plant = await loadPlant(join(import.meta.dirname, '..', '..', 'config', 'plants', 'demo'))
    for (const { name } of plant.sources) await mkdir(stateDir(name))
    const pki = await openPki(stateDir('press'), 'press', {})
    await pki.store.dispose()
    simulator = await startSimulator({
      seed: plant.simulator!.seed,
      host: '127.0.0.1',
      opcuaPkiDir: join(dir, 'simulator'),
      trustedClientCertificates: [pki.certificateFile],
    })
    await trust(stateDir('press'), await readFile(simulator.certificates.press!))
  })
  afterAll(async () => {
    await simulator?.close()
    await rm(dir, { recursive: true, force: true })
  })

  /** Runs one source until every tag has told `count` samples. */
  async function collect(name: string, count: number): Promise<Collector> {
    const source = plant.sources.find(source => source.name === name)!
    const options = { ...source.options, endpoint: simulator.endpoints[name]! }
    const collector = new Collector()
    const given = { name, options, tags: source.tags, stateDir: stateDir(name) }
    const connector = connectors[source.connector]!.open(given as never, collector.report)
    const stop = new AbortController()
    await connector.connect(stop.signal)
    const running = connector.run(collector.emit, stop.signal)
    try {
      const tags = source.tags.map(({ tag }) => tag)
      await Promise.race([
        running,
        collector.until(() => tags.every(tag => collector.of(tag).length >= count), 60_000),
      ])
    } finally {
      stop.abort()
      await running
      await connector.close()
    }
    return collector
  }

  const faulty = ({ samples }: Collector) =>
    samples.filter(sample => !isGood(sample)).map(({ tag }) => tag.name)

  test('every tag of the presses is good and in range, nothing is lost or sampled otherwise than asked', async () => {
    const collector = await collect('press', 3)
    expect(faulty(collector)).toEqual([])
    expect([...collector.problems]).toEqual([])
    expect(collector.lost).toEqual([])
    expect(collector.revised).toEqual([])
    const blocks = collector.samples.filter(({ tag }) => tag.class === 'waveform')
    expect(blocks.length).toBeGreaterThanOrEqual(6)
    for (const { value } of blocks) {
      expect(value).toBeInstanceOf(Float32Array)
      expect(value).toHaveLength(blockSamples)
    }
  })

  test('every tag of the utilities is good and in range', async () => {
    const collector = await collect('utilities', 2)
    expect(faulty(collector)).toEqual([])
    expect([...collector.problems]).toEqual([])
    // A busy machine may be late for a scan, and says so.
    expect(collector.lost.filter(({ cause }) => cause !== 'missedScan')).toEqual([])
  })
})

/** As the session judges it: scaled, then compared with the declared range. */
function isGood({ tag, value, status }: Sample): boolean {
  if (qualityOf(status) !== 'good') return false
  if (typeof value !== 'number' || !tag.range) return value !== null
  const scaled = value * (tag.scale ?? 1) + (tag.offset ?? 0)
  return scaled >= tag.range[0] && scaled <= tag.range[1]
}
