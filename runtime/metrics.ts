/** The metrics of one service in the Prometheus text format, on loopback alone. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client'
import { type Disk, usedShare } from '../edge-broker/disk/plan.ts'
import type { PartitionLag } from '../edge-broker/lag.ts'
import { coded, type LedgerEntry, type MillraceError, type ShedEntry } from '../model/index.ts'

export type Metrics = {
  /** One more of an error code, out of the bounded list. */
  failed(error: Pick<MillraceError, 'code'>): void
  /** Which plant folder the service runs. */
  runs(plantHash: string): void
  /** The configuration's last change was refused, or no longer is. */
  refused(isRefused: boolean): void
  /** The ledger of a source, asked at every scrape. */
  source(name: string, entry: () => LedgerEntry): void
  /** Processed input records, and what they gave. */
  processed(inputs: number, outputs: number): void
  /** How far behind each partition is that this service processes. */
  lags(lags: readonly PartitionLag[]): void
  /** The brokers' disks as they are now. */
  disks(disks: readonly Disk[]): void
  /** What was removed from full disks: the latest entry of each partition. */
  shed(entries: readonly ShedEntry[]): void
  text(): Promise<string>
}

export function openMetrics(service: string, server: string): Metrics {
  const registry = new Registry()
  registry.setDefaultLabels({ service, server })
  collectDefaultMetrics({ register: registry })
  const registers = [registry]
  const errors = new Counter({
    name: 'millrace_errors_total',
    help: 'Errors told, by code.',
    labelNames: ['code'],
    registers,
  })
  const configuration = new Gauge({
    name: 'millrace_configuration_info',
    help: 'Hash of the plant folder that runs.',
    labelNames: ['hash'],
    registers,
  })
  const refusals = new Gauge({
    name: 'millrace_configuration_refused',
    help: '1 while the last change of the plant folder is refused.',
    registers,
  })
  refusals.set(0)
  const sources = new Map<string, () => LedgerEntry>()
  ledgerMetrics(registry, () => Array.from(sources.values(), entry => entry()))
  const counts = service === 'processors' ? processorCounts(registry) : undefined
  return {
    failed: ({ code }) => errors.inc({ code }),
    runs(hash) {
      configuration.reset()
      configuration.set({ hash }, 1)
    },
    refused: isRefused => refusals.set(isRefused ? 1 : 0),
    source: (name, entry) => void sources.set(name, entry),
    processed(inputs, outputs) {
      counts?.inputs.inc(inputs)
      counts?.outputs.inc(outputs)
    },
    lags: lags => counts?.lags(lags, Date.now()),
    ...(service === 'processors' ? diskMetrics(registry) : { disks: () => {}, shed: () => {} }),
    text: () => registry.metrics(),
  }
}

function processorCounts(registry: Registry) {
  const counter = (name: string, help: string) => new Counter({ name, help, registers: [registry] })
  const gauge = (name: string, help: string) =>
    new Gauge({ name, help, labelNames: ['topic', 'partition'], registers: [registry] })
  const records = gauge('millrace_processing_lag_records', 'Input records that wait to be processed.')
  const seconds = gauge('millrace_processing_lag_seconds', 'How long the oldest of them has waited.')
  return {
    lags(lags: readonly PartitionLag[], now: number) {
      records.reset()
      seconds.reset()
      for (const { topic, partition, records: waiting, since } of lags) {
        records.set({ topic, partition }, waiting)
        seconds.set({ topic, partition }, since === undefined ? 0 : Math.max(0, now - since) / 1000)
      }
    },
    inputs: counter('millrace_records_processed_total', 'Input records processed and committed.'),
    outputs: counter('millrace_records_produced_total', 'Records that processing them gave.'),
  }
}

type Row = { readonly labels: Record<string, string>; readonly value: number }

/** What the ledger says of each source; only sources that cannot tell `expected` have no such series. */
function ledgerMetrics(registry: Registry, entries: () => readonly LedgerEntry[]): void {
  const rows = (of: (entry: LedgerEntry) => readonly Row[]) => () =>
    entries().flatMap(entry =>
      of(entry).map(({ labels, value }) => ({ labels: { source: entry.source, ...labels }, value })),
    )
  const one = (value: number): Row[] => [{ labels: {}, value }]
  const counter = (name: string, help: string, labels: string[], of: (entry: LedgerEntry) => Row[]) =>
    exposed(registry, Counter, { name, help, labelNames: ['source', ...labels] }, rows(of))
  const gauge = (name: string, help: string, labels: string[], of: (entry: LedgerEntry) => Row[]) =>
    exposed(registry, Gauge, { name, help, labelNames: ['source', ...labels] }, rows(of))

  counter('millrace_samples_received_total', 'Samples taken from the device and stored.', [], entry =>
    one(entry.received),
  )
  counter('millrace_samples_bad_total', 'Samples received with a bad status.', [], entry => one(entry.bad))
  counter('millrace_samples_expected_total', 'Samples that were due, where that is known.', [], entry =>
    typeof entry.expected === 'number' ? one(entry.expected) : [],
  )
  counter('millrace_samples_lost_total', 'Samples known to be lost, by cause.', ['cause'], entry =>
    Object.entries(entry.lostKnown ?? {}).map(([cause, value]) => ({ labels: { cause }, value })),
  )
  gauge(
    'millrace_samples_lost_unknown',
    '1 where an unknown number more is lost than millrace_samples_lost_total says.',
    ['cause'],
    entry => (entry.lostUnknown ?? []).map(cause => ({ labels: { cause }, value: 1 })),
  )
  counter('millrace_samples_dropped_total', 'Samples dropped from a full disk buffer.', ['class'], entry =>
    (['telemetry', 'waveform'] as const).map(kind => ({
      labels: { class: kind },
      value: entry.dropped?.[kind] ?? 0,
    })),
  )
  gauge('millrace_buffer_records', 'Records that wait on disk.', [], entry => one(entry.buffered))
  gauge('millrace_buffer_bytes', 'Size of what waits on disk.', [], entry => one(entry.bufferedBytes ?? 0))
  gauge('millrace_buffer_limit_bytes', 'Bound of that size.', [], entry => one(entry.bufferBytes ?? 0))
  gauge('millrace_source_connected', '1 while the source is connected.', [], entry =>
    one(entry.state === 'connected' || entry.state === 'degraded' ? 1 : 0),
  )
  gauge('millrace_source_bad_tags', 'Tags that are bad now.', [], entry => one(entry.badTags.length))
}

function diskMetrics(registry: Registry): Pick<Metrics, 'disks' | 'shed'> {
  const registers = [registry]
  const used = new Gauge({
    name: 'millrace_broker_disk_used_ratio',
    help: "Share of a broker's disk that is in use.",
    labelNames: ['broker'],
    registers,
  })
  const free = new Gauge({
    name: 'millrace_broker_disk_free_bytes',
    help: "Free bytes of a broker's disk.",
    labelNames: ['broker'],
    registers,
  })
  const shed = new Gauge({
    name: 'millrace_shed_offsets',
    help: 'Offsets removed before their time because a disk was nearly full, since ever, as last told.',
    labelNames: ['topic', 'partition'],
    registers,
  })
  return {
    disks(disks) {
      for (const disk of disks) {
        used.set({ broker: disk.broker }, usedShare(disk))
        free.set({ broker: disk.broker }, disk.freeBytes)
      }
    },
    shed(entries) {
      for (const { topic, partition, offsets } of entries) shed.set({ topic, partition }, offsets)
    },
  }
}

type Options = { readonly name: string; readonly help: string; readonly labelNames: string[] }

/** A metric whose values are asked for at every scrape. */
function exposed(
  registry: Registry,
  Kind: typeof Counter | typeof Gauge,
  options: Options,
  rows: () => readonly Row[],
): void {
  new Kind({
    ...options,
    registers: [registry],
    collect() {
      this.reset()
      for (const { labels, value } of rows()) this.inc(labels, value)
    },
  })
}

export type MetricsServer = { readonly url: string; close(): void }

/** Answers `GET /metrics`. @param host a loopback address. @throws MillraceError `port-taken` */
export async function serveMetrics(metrics: Metrics, host: string, port: number): Promise<MetricsServer> {
  const server = createServer({ requestTimeout: 5_000 }, async (request, response) => {
    if (request.url !== '/metrics' || request.method !== 'GET') {
      response.writeHead(404).end('GET /metrics\n')
      return
    }
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8' })
    response.end(await metrics.text())
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', error =>
    reject(coded(error, 'port-taken', `metrics cannot be served on ${host}:${port}`)),
  )
  server.listen({ host, port }, resolve)
  await promise
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}/metrics`,
    close() {
      server.close()
      server.closeAllConnections()
    },
  }
}
