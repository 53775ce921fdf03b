import { X509Certificate } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { checkServer, closePki, openPki, trust } from '../../../connectors/opcua/trust.ts'

const endpoint = 'opc.tcp://127.0.0.1:4840'

let dir: string
let stateDir: string
let server: Buffer
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-trust-'))
  stateDir = join(dir, 'source')
  const other = await openPki(join(dir, 'server'), 'server', {})
  server = new X509Certificate(await readFile(other.certificateFile)).raw
  await closePki(other)
})
afterEach(() => rm(dir, { recursive: true, force: true }))

/** As a connect does it. */
async function connect(meanwhile = async () => {}): Promise<string> {
  const pki = await openPki(stateDir, 'source', {})
  try {
    await meanwhile()
    await checkServer(pki, server, endpoint)
    return 'good'
  } catch (thrown) {
    return (thrown as { code: string }).code
  } finally {
    await closePki(pki)
  }
}

test('a certificate is refused until somebody trusts it', async () => {
  expect([await connect(), await connect()]).toEqual(['untrusted', 'untrusted'])
  await trust(stateDir, server)
  expect(await connect()).toBe('good')
})

test('trusting it during the first attempt counts from the next attempt on', async () => {
  const trusting = () => trust(stateDir, server)
  await connect(trusting)
  expect(await connect()).toBe('good')
})
