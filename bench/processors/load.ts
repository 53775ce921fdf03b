/**
 * The input: 10,000 tags of 100 assets, each with a value every 100 ms, a record an asset and round: 100,000 samples/s where
 * a round comes every 100 ms. Values are a function of tag and round, so that anybody can compute what must come out.
 */
import type { Plant } from '../../config/plant.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { lineOf } from '../../model/index.ts'

export const assets = 100
export const tagsPerAsset = 100
export const samplesPerRound = assets * tagsPerAsset
export const roundMicros = 100_000
export const roundsPerWindow = 10
export const partitions = 2
export const brokers = 3

export const tagNames = Array.from({ length: tagsPerAsset }, (_, i) => `tag-${i}`)

/** A line in each partition, half of the assets in each line. */
const lines = Array.from({ length: partitions }, (_, partition) => {
  for (let i = 0; ; i++)
    if (partitionOf(`bench/hall/line-${i}`, partitions) === partition) return `bench/hall/line-${i}`
})
export const assetIds = Array.from({ length: assets }, (_, i) => `${lines[i % partitions]}/machine-${i}`)

export const partitionOfAsset = (asset: string): number => partitionOf(lineOf(asset), partitions)

/** Three decimals, as a sensor has them; its own level and wave a tag. */
export function sampleOf(asset: number, tag: number, round: number): number {
  const noise = (Math.imul(asset * 7_919 + tag * 104_729 + round * 1_299_709, 2_654_435_761) >>> 0) / 2 ** 32
  return Math.round((20 + tag + 5 * noise) * 1_000) / 1_000
}

/** The record of one asset and round. */
export function recordText(asset: number, round: number, startMicros: number): string {
  const t = startMicros + round * roundMicros
  const head = `{"v":1,"asset":"${assetIds[asset]}","source":"bench","epoch":1,"seq":${round * assets + asset + 1},`
  const values = tagNames.map((_, tag) => sampleOf(asset, tag, round)).join(',')
  return `${head}${columns},"t":[${`${t},`.repeat(tagsPerAsset - 1)}${t}],"value":[${values}],${status}}`
}

const columns = `"tags":${JSON.stringify(tagNames)},"tag":${JSON.stringify(tagNames.map((_, i) => i))}`
const status = `"status":${JSON.stringify(tagNames.map(() => 0))}`

/** What the processors service is given: the aggregates alone. */
export const plant: Plant = {
  dir: '',
  hash: 'bench',
  name: 'bench',
  site: 'bench',
  title: 'Bench',
  partitions,
  servers: Array.from({ length: brokers }, (_, i) => ({
    name: `p${i + 1}`,
    address: `127.0.0.${i + 1}`,
    nodeId: i + 1,
    services: ['broker'],
  })),
  sources: [],
  assets: assetIds.map(id => ({
    id,
    name: id,
    source: 'bench',
    tags: tagNames.map(name => ({ asset: id, name, class: 'telemetry' })),
    signals: [],
  })),
}
