import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openAccount, unopened } from '../../../connectors/account.ts'
import { connectKafka } from '../../../edge-broker/client/index.ts'
import { createAuthority, issueCertificate, writeCredentials } from '../../../edge-broker/pki.ts'
import type { MillraceError } from '../../../model/index.ts'
import { publishLedger } from '../../../runtime/services/ledger.ts'
import { freePort } from '../../free-ports.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-ledger-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

/** Nobody listens there. */
async function absentKafka(options?: { timeoutMs: number }) {
  const authority = await createAuthority(join(dir, 'pki'), { plant: 'test' })
  const credentials = await issueCertificate(authority, { name: 'connectors', kind: 'service' })
  const tls = await writeCredentials(join(dir, 'tls'), credentials)
  return connectKafka({ bootstrap: [`127.0.0.1:${await freePort()}`], clientId: 'test', tls }, options)
}

test('a source runs on while no broker is there to tell of it', { timeout: 30_000 }, async () => {
  const kafka = await absentKafka({ timeoutMs: 300 })
  const account = openAccount({ source: 'plc', connector: 's7', assets: ['s/a/l/m'] }, undefined)
  const entry = () => account.entry(unopened, Date.now())
  const stop = new AbortController()
  const troubles: MillraceError[] = []
  const onTrouble = (error: MillraceError) => {
    troubles.push(error)
    stop.abort()
  }
  await publishLedger({ kafka, entry, onChange: account.onChange, onTrouble }, stop.signal)
  expect(troubles.map(({ code }) => code)).toEqual(['broker-unavailable', 'broker-unavailable'])
})

test('a source that is to end does not wait for a broker that is not there', {
  timeout: 30_000,
}, async () => {
  const kafka = await absentKafka()
  const account = openAccount({ source: 'plc', connector: 's7', assets: ['s/a/l/m'] }, undefined)
  const stop = new AbortController()
  const troubles: MillraceError[] = []
  const options = {
    kafka,
    entry: () => account.entry(unopened, Date.now()),
    onChange: account.onChange,
    onTrouble: (error: MillraceError) => void troubles.push(error),
  }
  const published = publishLedger(options, stop.signal)
  const stoppedAt = performance.now()
  stop.abort()
  await published
  expect(performance.now() - stoppedAt).toBeLessThan(10_000)
  expect(troubles).toHaveLength(1)
})
