/** What both must have given: every window of the beginning, computed from the values that were written. */
import type { Kafka } from '../../edge-broker/kafka.ts'
import { assetIds, partitions, roundMicros, roundsPerWindow, sampleOf, tagNames } from './load.ts'

type Given = { asset: string; tag: string; start: number; count: number; good: number } & Numbers
type Numbers = { min: number; max: number; mean: number; std: number; last: number }

/**
 * Reads the topic and compares the windows that begin in the first rounds; each must be there once.
 * @throws Error naming the first that is missing, doubled or wrong
 */
export async function checkWindows(
  kafka: Kafka,
  topic: string,
  startMicros: number,
  rounds: number,
): Promise<number> {
  const left = new Set<string>()
  for (const asset of assetIds)
    for (const tag of tagNames)
      for (let round = 0; round < rounds; round += roundsPerWindow)
        left.add(`${asset} ${tag} ${startMicros + round * roundMicros}`)
  const all = left.size
  for await (const given of windowsOf(kafka, topic)) {
    const round = (given.start - startMicros) / roundMicros
    if (round >= rounds) continue
    const name = `${given.asset} ${given.tag} ${given.start}`
    if (!left.delete(name)) throw new Error(`${topic}: ${name} is there twice, or was never due`)
    check(topic, name, given, expected(assetIds.indexOf(given.asset), tagNames.indexOf(given.tag), round))
  }
  if (left.size > 0) throw new Error(`${topic}: ${left.size} windows are missing, such as ${[...left][0]}`)
  return all
}

async function* windowsOf(kafka: Kafka, topic: string): AsyncGenerator<Given> {
  const admin = await kafka.admin()
  const end = await admin.offsets([topic], 'latest').finally(() => admin.close())
  const places = Array.from({ length: partitions }, (_, partition) => ({ topic, partition }))
  const reader = await kafka.reader({ partitions: places, start: 'earliest', end })
  for await (const batch of reader) for (const { value } of batch) yield JSON.parse(String(value)) as Given
}

function expected(asset: number, tag: number, firstRound: number): Numbers {
  const values = Array.from({ length: roundsPerWindow }, (_, i) => sampleOf(asset, tag, firstRound + i))
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  const std = Math.sqrt(squares / (values.length - 1))
  return { min: Math.min(...values), max: Math.max(...values), mean, std, last: values.at(-1)! }
}

function check(topic: string, name: string, given: Given, wanted: Numbers): void {
  const isNear = (a: number, b: number) => Math.abs(a - b) <= 1e-9 * Math.max(1, Math.abs(b))
  const isRight =
    given.count === roundsPerWindow &&
    given.good === roundsPerWindow &&
    given.min === wanted.min &&
    given.max === wanted.max &&
    given.last === wanted.last &&
    isNear(given.mean, wanted.mean) &&
    isNear(given.std, wanted.std)
  if (!isRight)
    throw new Error(`${topic}: ${name} is ${JSON.stringify(given)}, not ${JSON.stringify(wanted)}`)
}
