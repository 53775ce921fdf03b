// Writes the input. Arguments: connection (JSON), time of round 0 in microseconds. Commands: `backlog ROUNDS` as fast as it
// goes, `live ROUNDS` one every 100 ms; the answer comes when all of it is written.
import { createInterface } from 'node:readline'
import { setTimeout as sleep } from 'node:timers/promises'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { assetIds, partitionOfAsset, recordText, roundMicros } from './load.ts'

const [connection = '', start = '0'] = process.argv.slice(2)
const writer = await connectKafka(JSON.parse(connection), { timeoutMs: 60_000 }).writer()
const places = assetIds.map(asset => ({ topic: 'telemetry', partition: partitionOfAsset(asset), key: asset }))
let round = 0
let bytes = 0

function recordsOf(rounds: number) {
  const records = []
  for (let i = 0; i < rounds; i++, round++) {
    for (const [asset, place] of places.entries()) {
      const value = Buffer.from(recordText(asset, round, Number(start)))
      bytes += value.length
      records.push({ ...place, value })
    }
  }
  return records
}

console.log('ready')
for await (const line of createInterface({ input: process.stdin })) {
  const [command, count] = line.split(' ')
  const last = round + Number(count)
  const begin = performance.now()
  const first = round
  while (round < last) {
    await writer.write(recordsOf(command === 'backlog' ? Math.min(20, last - round) : 1))
    if (command === 'live') {
      const dueMs = begin + ((round - first) * roundMicros) / 1_000
      await sleep(Math.max(0, dueMs - performance.now()))
    }
  }
  console.log(JSON.stringify({ rounds: round, bytes, seconds: (performance.now() - begin) / 1_000 }))
}
await writer.close()
