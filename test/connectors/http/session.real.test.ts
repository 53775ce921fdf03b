import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { openAccount } from '../../../connectors/account.ts'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import { http } from '../../../connectors/http/index.ts'
import { keepConnected } from '../../../connectors/session.ts'
import { freePort } from '../../free-ports.ts'
import { curl, declared, json, keyed, optionsFor, record, stateDir, type Told } from './bench.ts'

const stop = new AbortController()
afterEach(() => stop.abort())

test('a full disk buffer: 503 and the reason on view; with room again the same request is taken, once', async () => {
  const [dir, port] = [await stateDir(), await freePort()]
  const buffer = openBuffer({ path: join(dir, 'buffer.db'), maxBytes: 400 })
  const account = openAccount({ source: 'bench', connector: 'http', assets: [] }, undefined)
  const source = {
    name: 'bench',
    options: optionsFor(`http://127.0.0.1:${port}`),
    tags: declared,
    stateDir: dir,
  }
  const reasons: (string | undefined)[] = []
  const listening = Promise.withResolvers<void>()
  account.onChange(() => {
    const { state, reason } = account.entry(buffer, 0)
    reasons.push(reason)
    if (state === 'connected') listening.resolve()
  })
  const kept = keepConnected({
    onTrouble: error => console.error(error.explanation),
    open: resume => http.open({ ...source, ...(resume !== undefined && { resume }) }, account.report),
    account,
    buffer,
    refuses: true,
    signal: stop.signal,
    backoff: { firstMs: 20, maxMs: 40, permanentMs: 1000 },
  })
  await listening.promise
  const body = record(0)
  const post = async (i: number): Promise<Told> => {
    const told = await curl(`http://127.0.0.1:${port}/telemetry`, [...json, ...keyed(`${i}`)], body)
    // Between two sessions nobody listens, for a moment.
    return told.status === 0 ? await post(i) : told
  }
  let taken = 0
  while ((await post(taken)).status === 200) taken++
  expect(taken).toBeGreaterThan(0)
  expect(buffer.lastSeq).toBe(taken)
  expect(reasons.join()).toContain('Kafka has not taken')
  buffer.acknowledge(buffer.lastSeq, Date.now())
  while ((await post(taken)).status !== 200) {}
  expect((await post(0)).headers.get('idempotency-replayed')).toBe('true')
  expect(buffer.lastSeq).toBe(taken + 1)
  expect(account.entry(buffer, 0).lost.bufferFull).toBe(0)
  stop.abort()
  await kept
  buffer.close()
}, 60_000)
