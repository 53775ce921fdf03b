import { spawnSync } from 'node:child_process'
import { afterEach, expect, test } from 'vitest'
import { openAccount, unopened } from '../../connectors/account.ts'
import { MillraceError } from '../../model/index.ts'
import { type MetricsServer, openMetrics, serveMetrics } from '../../runtime/metrics.ts'
import { needs } from '../needs.ts'

let server: MetricsServer | undefined
afterEach(() => server?.close())

/** Metrics of a source with something of everything, served and fetched as Prometheus does. */
async function scrape(): Promise<string> {
  const account = openAccount({ source: 'press', connector: 'opcua', assets: ['s/a/l/m'] }, undefined)
  account.report.expected(9)
  account.report.lost(undefined, 'missedScan', 4)
  account.report.lost(undefined, 'outage', 'unknown')
  const metrics = openMetrics('connectors', 'p1')
  metrics.source('press', () => account.entry(unopened, Date.now()))
  metrics.failed(new MillraceError('timeout', 'late'))
  metrics.runs('abc')
  server = await serveMetrics(metrics, '127.0.0.1', 0)
  const response = await fetch(server.url)
  expect(response.headers.get('content-type')).toContain('version=0.0.4')
  return response.text()
}

test('the ledger is scraped: what was due, came and is lost by cause, and of which an unknown number more', async () => {
  const text = await scrape()
  const lines = text.split('\n')
  const own = 'service="connectors",server="p1"'
  expect(lines).toContain(`millrace_samples_expected_total{source="press",${own}} 9`)
  expect(lines).toContain(`millrace_samples_received_total{source="press",${own}} 0`)
  expect(lines).toContain(`millrace_samples_lost_total{source="press",cause="missedScan",${own}} 4`)
  expect(lines).toContain(`millrace_samples_lost_unknown{source="press",cause="outage",${own}} 1`)
  expect(lines).toContain(`millrace_errors_total{code="timeout",${own}} 1`)
  expect(lines).toContain(`millrace_configuration_info{hash="abc",${own}} 1`)
})

test('the disks of the brokers and what was shed of them are scraped', async () => {
  const metrics = openMetrics('processors', 'p1')
  metrics.disks([{ broker: 2, totalBytes: 1_000, freeBytes: 250, partitions: [] }])
  const entry = { v: 1, topic: 'waveforms', partition: 1, at: 1, reason: 'full', ranges: [] } as const
  metrics.shed([{ ...entry, ranges: [], offsets: 81 }])
  const lines = (await metrics.text()).split('\n')
  const own = 'service="processors",server="p1"'
  expect(lines).toContain(`millrace_broker_disk_used_ratio{broker="2",${own}} 0.75`)
  expect(lines).toContain(`millrace_broker_disk_free_bytes{broker="2",${own}} 250`)
  expect(lines).toContain(`millrace_shed_offsets{topic="waveforms",partition="1",${own}} 81`)
})

test('asked again, it tells the same: what is told whole is not added up', async () => {
  await scrape()
  const received = async () =>
    (await (await fetch(server!.url)).text()).split('\n').filter(line => line.startsWith('millrace_samples'))
  expect(await received()).toEqual(await received())
})

test('promtool has nothing against names, types and help', async context => {
  needs(context, 'promtool')
  const text = (await scrape())
    .split('\n')
    .filter(line => line.includes('millrace_'))
    .join('\n')
  const { stdout, stderr, status } = spawnSync('promtool', ['check', 'metrics'], {
    input: `${text}\n`,
    encoding: 'utf8',
  })
  expect(`${stdout}${stderr}`).toBe('')
  expect(status).toBe(0)
})

test('a port that is taken is told', async () => {
  await scrape()
  const port = Number(new URL(server!.url).port)
  await expect(serveMetrics(openMetrics('board', 'p1'), '127.0.0.1', port)).rejects.toMatchObject({
    code: 'port-taken',
  })
})
