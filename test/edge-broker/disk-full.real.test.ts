/** A broker on a small file system of its own (an image, loop-mounted) that fills up, bit by bit and all at once. */
import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  rmSync,
  statfsSync,
  writeSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { takeReserve } from '../../edge-broker/disk/reserve.ts'
import { shedWhenFull } from '../../edge-broker/disk/shedder.ts'
import { installJars } from '../../edge-broker/jars.ts'
import type { Connection, InRecord, Kafka, OutRecord } from '../../edge-broker/kafka.ts'
import { clusterIdOf, prepareNode, shortLived } from '../../edge-broker/node.ts'
import { type Authority, createAuthority, issueCertificate, writeCredentials } from '../../edge-broker/pki.ts'
import { provisionPlant } from '../../edge-broker/provision.ts'
import { topicTable } from '../../edge-broker/topics.ts'
import type { MillraceError, ShedEntry } from '../../model/index.ts'
import { type SupervisedProcess, superviseProcess } from '../../runtime/process.ts'
import { freePorts } from '../free-ports.ts'
import { lack, needs } from '../needs.ts'

const plant = { name: 'demo', partitions: 1, servers: [{ services: ['broker'] }] }
const segmentBytes = 2 ** 20
const watermarks = { highShare: 0.7, lowShare: 0.6, segmentBytes }
const reserveMiB = 48
const kept = Array.from({ length: 50 }, (_, i) => `alarm ${i}`)

let dir: string
let disk: string
let pki: Authority
let bootstrap: string
let broker: SupervisedProcess | undefined
const stop = new AbortController()
const told: ShedEntry[] = []
const troubles: MillraceError[] = []
let shedding = Promise.resolve()

beforeAll(async () => {
  if (lack('mount')) return
  await installJars()
  dir = mkdtempSync(join(tmpdir(), 'millrace-full-'))
  disk = join(dir, 'disk')
  mkdirSync(disk)
  execFileSync('truncate', ['--size', '320M', join(dir, 'image')])
  execFileSync('mkfs.ext4', ['-q', '-m', '0', join(dir, 'image')])
  execFileSync('mount', ['-o', 'loop', join(dir, 'image'), disk])
  pki = await createAuthority(join(dir, 'pki'), { plant: 'test' })
  broker = await supervisedBroker()
  await broker.start()
  const admin = await (await as('admin')).admin()
  // The table's, but for segments as small as the disk.
  const small = { 'segment.bytes': String(segmentBytes), 'cleanup.policy': 'delete' }
  await admin.createTopics([{ name: 'waveforms', partitions: 1, replicas: 1, config: small }])
  await admin.close()
  await provisionPlant(await as('admin'), plant)
  await takeReserve(join(disk, 'broker'), reserveMiB)
  shedding = shedWhenFull({
    kafka: await as('shedder'),
    topics: topicTable,
    watermarks,
    everyMs: 1_000,
    settleMs: 15_000,
    signal: stop.signal,
    onDisks: () => {},
    onShed: entries => told.push(...entries),
    onTrouble: error => troubles.push(error),
  })
})
afterAll(async () => {
  stop.abort()
  await shedding
  await broker?.stop()
  if (!dir) return
  execFileSync('umount', ['-l', disk])
  rmSync(dir, { recursive: true, force: true })
})

async function supervisedBroker(): Promise<SupervisedProcess> {
  const address = '127.0.0.1'
  const [brokerPort, controllerPort] = await freePorts(address, 2)
  bootstrap = `${address}:${brokerPort}`
  const credentials = await issueCertificate(pki, { name: 'broker-1', kind: 'broker', addresses: [address] })
  const tls = await writeCredentials(join(dir, 'tls'), credentials)
  const spec = {
    nodeId: 1,
    nodes: [{ nodeId: 1, address, brokerPort: brokerPort!, controllerPort: controllerPort! }],
    clusterId: clusterIdOf(pki.ca, 'full'),
    superUsers: ['broker-1', 'admin'],
    dir: join(disk, 'broker'),
    tls,
    heapMiB: 320,
    jvmFlags: shortLived,
    reserveMiB,
  }
  const program = () => prepareNode(spec)
  return superviseProcess({ name: 'p1/broker', program, logFile: join(dir, 'broker.out') })
}

async function as(principal: string): Promise<Kafka> {
  const at = join(dir, principal)
  const tls = existsSync(at)
    ? { ca: join(at, 'ca.pem'), cert: join(at, 'cert.pem'), key: join(at, 'key.pem') }
    : await writeCredentials(at, await issueCertificate(pki, { name: principal, kind: 'service' }))
  const connection: Connection = { bootstrap: [bootstrap], clientId: principal, tls }
  return connectKafka(connection, { timeoutMs: 60_000 })
}

const troubled = () => [`${usedShare()} in use`, ...troubles.map(of => of.explanation)].join('\n')
const usedShare = () => {
  const { blocks, bavail } = statfsSync(disk)
  return 1 - bavail / blocks
}

const block = (): OutRecord => ({
  topic: 'waveforms',
  partition: 0,
  key: 'press/vibration',
  value: randomBytes(200_000),
})

/** Writes blocks until told to stop, whatever the broker does meanwhile; how many were taken. */
function writing(kafka: Kafka, pauseMs: number): { taken(): number; stop(): Promise<void> } {
  let [taken, stopped] = [0, false]
  const ended = (async () => {
    const writer = await kafka.writer()
    while (!stopped) {
      const blocks = Array.from({ length: 5 }, block)
      await writer.write(blocks).then(
        () => {
          taken += blocks.length
        },
        () => sleep(500), // not known to be written
      )
      await sleep(pauseMs)
    }
    await writer.close()
  })()
  return {
    taken: () => taken,
    stop() {
      stopped = true
      return ended
    },
  }
}

/** Takes the last byte there is. */
function fill(): void {
  const file = openSync(join(disk, 'filler'), 'a')
  try {
    for (const size of [1 << 20, 4096]) {
      const bytes = Buffer.alloc(size)
      while (wrote(file, bytes));
    }
  } finally {
    closeSync(file)
  }
}

function wrote(file: number, bytes: Buffer): boolean {
  try {
    return writeSync(file, bytes) === bytes.length
  } catch {
    return false
  }
}

async function read(kafka: Kafka, topic: string): Promise<InRecord[]> {
  const admin = await kafka.admin()
  const end = await admin.offsets([topic], 'latest').finally(() => admin.close())
  const reader = await kafka.reader({ partitions: [{ topic, partition: 0 }], start: 'earliest', end })
  const records: InRecord[] = []
  for await (const batch of reader) records.push(...batch)
  return records
}

test('a disk that fills up sheds the oldest waveforms in time; one that is full at once brings its broker back by itself', async context => {
  needs(context, 'mount')
  const kafka = await as('admin')
  const writer = await kafka.writer()
  const alarms = kept.map(value => ({ topic: 'alarms', partition: 0, key: value, value }))
  const samples = kept.map(value => ({ topic: 'telemetry', partition: 0, key: 'press', value }))
  await writer.write([...alarms, ...samples])
  await writer.close()

  // 2.5 MB/s at most: what is shed is free after two rounds of fifteen seconds, within which so small a disk must not fill.
  const blocks = writing(kafka, 400)
  await vi.waitFor(() => expect(told.length, troubled()).toBeGreaterThan(0), {
    timeout: 150_000,
    interval: 200,
  })
  await vi.waitFor(() => expect(usedShare()).toBeLessThan(watermarks.highShare), {
    timeout: 40_000,
    interval: 500,
  })
  expect(broker!.restarts).toBe(0)

  const before = { taken: blocks.taken(), told: told.length }
  fill()
  await vi.waitFor(() => expect(broker!.restarts).toBeGreaterThan(0), { timeout: 60_000, interval: 200 })
  expect(usedShare()).toBeGreaterThan(0.8)
  await vi.waitFor(() => expect(told.length, troubled()).toBeGreaterThan(before.told), {
    timeout: 120_000,
    interval: 500,
  })
  await vi.waitFor(() => expect(blocks.taken()).toBeGreaterThan(before.taken + 100), {
    timeout: 120_000,
    interval: 500,
  })
  await blocks.stop()

  // What is gone is told, to the offset; what is never shed is all there.
  const admin = await kafka.admin()
  const [earliest] = await admin.offsets(['waveforms'], 'earliest').finally(() => admin.close())
  const entries = (await read(kafka, 'ledger')).filter(({ key }) => key === 'shed:waveforms/0')
  const last = JSON.parse(String(entries.at(-1)?.value)) as ShedEntry
  expect(last.offsets).toBe(Number(earliest!.offset))
  expect(last.ranges.map(({ from }) => from)).toEqual(['0', ...last.ranges.slice(0, -1).map(({ to }) => to)])
  expect(told.every(({ topic }) => topic === 'waveforms')).toBe(true)
  expect((await read(kafka, 'alarms')).map(({ value }) => String(value))).toEqual(kept)
  expect((await read(kafka, 'telemetry')).map(({ value }) => String(value))).toEqual(kept)
}, 400_000)

test('who sheds may remove what may be shed, and nothing else', async context => {
  needs(context, 'mount')
  const admin = await (await as('shedder')).admin()
  const remove = admin.deleteRecords([{ topic: 'alarms', partition: 0, offset: 1n }])
  await expect(remove).rejects.toMatchObject({ code: 'unauthorised' })
  await admin.close()
})
