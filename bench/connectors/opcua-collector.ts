// The process that is measured: one OPC UA source as the connectors service has it, from the socket over the disk buffer
// into Kafka. Arguments: endpoint, state folder, number of tags, connection to Kafka (JSON). For each line on stdin it
// tells what it has used and taken so far.
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { openAccount } from '../../connectors/account.ts'
import { openBuffer } from '../../connectors/buffer/buffer.ts'
import { type Options, opcua } from '../../connectors/opcua/index.ts'
import { keepConnected } from '../../connectors/session.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { alone } from '../../edge-broker/lease/claim.ts'
import { own } from '../../edge-broker/lease/own.ts'
import { drain } from '../../edge-broker/task/drain.ts'
import { type Tag, untilOneFails } from '../../model/index.ts'
import { backlogOf } from '../../runtime/backlog.ts'

/** `waiting`: records that Kafka has not acknowledged. */
export type Usage = {
  samples: number
  waiting: number
  lost: boolean
  cpuMicros: number
  rssBytes: number
  state: string
}

const perAsset = 100
const partitions = 3
const [endpoint = '', stateDir = '', count = '0', connection = ''] = process.argv.slice(2)
const buffer = openBuffer({ path: join(stateDir, 'buffer.db'), keepMs: 0, maxBytes: 8 * 2 ** 30 })
const account = openAccount({ source: 'bench', connector: 'opcua', assets: [] }, undefined)
const options: Options = {
  endpoint,
  securityMode: 'SignAndEncrypt',
  securityPolicy: 'Basic256Sha256',
  trigger: 'status-value-timestamp',
  publishingIntervalMs: 500,
  samplingIntervalMs: 100,
  bridgeMs: 5000,
  subscriptionLifetimeMs: 60_000,
  rebrowseMs: 300_000,
  watchdogMs: 30_000,
  connectTimeoutMs: 60_000,
  requestTimeoutMs: 60_000,
  sessionTimeoutMs: 60_000,
}
const tagOf = (i: number): Tag => ({
  asset: `bench/hall/line/machine-${Math.floor(i / perAsset)}`,
  name: `n${i}`,
  class: 'telemetry',
})
const tags = Array.from({ length: Number(count) }, (_, i) => ({
  tag: tagOf(i),
  address: { nodeId: `ns=1;s=n${i}` },
}))
const stop = new AbortController()
createInterface({ input: process.stdin })
  .on('line', () => {
    const { user, system } = process.cpuUsage()
    const { received, lost, state } = account.entry(buffer, Date.now())
    const usage: Usage = {
      samples: received,
      waiting: buffer.waiting,
      lost: Object.values(lost).some(each => each !== 0),
      cpuMicros: user + system,
      rssBytes: process.memoryUsage.rss(),
      state,
    }
    console.log(JSON.stringify(usage))
  })
  .on('close', () => stop.abort())
const kafka = connectKafka(JSON.parse(connection), { timeoutMs: 60_000 })
const source = { name: 'bench', options, tags, stateDir }
const onTrouble = (error: Error) => console.error(error.message)
const backlog = backlogOf(buffer, source.name, partitions)
const { task, beside } = await own({
  kafka,
  source: source.name,
  ...alone('bench'),
  backlog,
  signal: stop.signal,
  onBehind() {},
})
await untilOneFails(stop.signal, signal => [
  keepConnected({ open: () => opcua.open(source, account.report), account, buffer, signal, onTrouble }),
  drain({ task, source: source.name, server: 'bench', backlog, last: signal, signal, onTrouble, beside }),
])
await task.close()
buffer.close()
