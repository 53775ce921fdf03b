import { createHash, X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type Options, trust } from '../../../connectors/opcua/index.ts'
import { MillraceError } from '../../../model/index.ts'
import { needs, python } from '../../needs.ts'
import { Asyncua } from '../../servers/asyncua.ts'
import { Bench, declared } from './plant.ts'

const temperature = declared('temperature', 'ns=1;s=Temperature')
const node = { nodeId: temperature.address.nodeId, type: 'Double', value: 7 }
const policies = [
  'Basic256Sha256_SignAndEncrypt',
  'Basic256Sha256_Sign',
  'Aes128Sha256RsaOaep_SignAndEncrypt',
  'None',
]
let server: Asyncua
let other: Asyncua
const benches: Bench[] = []
const start = async (at: Asyncua, options: { trusted?: boolean } = {}): Promise<Bench> => {
  const bench = await Bench.at(at, options)
  benches.push(bench)
  return bench
}
const sees = async (bench: Bench, given: Partial<Options> = {}): Promise<void> => {
  const { collector } = await bench.run([temperature], given)
  await collector.sample(temperature.tag, ({ value }) => value === 7)
}

beforeEach(context => needs(context, 'python'))
beforeAll(async () => {
  if (!existsSync(python)) return
  const elsewhere = {
    policies: ['Aes256Sha256RsaPss_SignAndEncrypt'],
    users: { ada: 'pass word' },
    maxSessions: 1,
  }
  ;[server, other] = await Promise.all([Asyncua.start({ policies }), Asyncua.start(elsewhere)])
  for (const each of [server, other]) await each.add([node])
}, 60_000)
afterEach(async () => {
  for (const bench of benches.splice(0)) await bench.clear()
  await server?.trustClients(null)
})
afterAll(async () => {
  await server?.stop()
  await other?.stop()
})

const own = (bench: Bench): string => join(bench.stateDir, 'pki', 'own', 'certs', 'client_certificate.pem')

describe('an untrusted server', () => {
  test('is refused for good, with the file to move; trusted live, it is used', async () => {
    const bench = await start(server, { trusted: false })
    const error = await bench.refusal()
    expect(error).toBeInstanceOf(MillraceError)
    expect(error).toMatchObject({ code: 'untrusted', transient: false })
    const sha1 = createHash('sha1')
      .update(await bench.server.certificate())
      .digest('hex')
    const rejected = join(bench.stateDir, 'pki', 'rejected')
    const [file, ...others] = await readdir(rejected)
    expect(others).toEqual([])
    const { hint } = error as MillraceError
    for (const part of [sha1, rejected, file!, 'millrace pki trust']) expect(hint).toContain(part)
    expect(await bench.server.sessions()).toBe(0)

    await trust(bench.stateDir, await readFile(join(rejected, file!)))
    await sees(bench)
    expect(await readdir(rejected)).toEqual([])
  }, 60_000)

  test('another certificate at the same address is not trusted', async () => {
    const bench = await start(server, { trusted: false })
    await trust(bench.stateDir, await other.certificate())
    expect(await bench.refusal()).toMatchObject({ code: 'untrusted' })
  }, 60_000)
})

describe('our own certificate', () => {
  test('is made once, names its application URI, and its key is for its owner alone', async () => {
    const bench = await start(server)
    await sees(bench)
    const before = await readFile(own(bench))
    await sees(bench)
    expect(await readFile(own(bench))).toEqual(before)
    expect(new X509Certificate(before).subjectAltName).toContain('URI:urn:millrace:bench')
    const key = await stat(join(bench.stateDir, 'pki', 'own', 'private', 'private_key.pem'))
    expect(key.mode & 0o777).toBe(0o600)
  }, 60_000)

  test('not trusted by the server: says which file to trust there, and works once it is', async () => {
    const bench = await start(server)
    await bench.server.trustClients([])
    const error = await bench.refusal()
    expect(error).toMatchObject({ code: 'untrusted', transient: false })
    expect((error as MillraceError).hint).toContain(own(bench))
    const { raw } = new X509Certificate(await readFile(own(bench)))
    await bench.server.trustClients([createHash('sha1').update(raw).digest('hex')])
    await sees(bench)
  }, 60_000)

  test('given by path is used', async () => {
    const [giver, bench] = [await start(server), await start(server)]
    await sees(giver)
    const { raw } = new X509Certificate(await readFile(own(giver)))
    await bench.server.trustClients([createHash('sha1').update(raw).digest('hex')])
    const privateKeyFile = join(giver.stateDir, 'pki', 'own', 'private', 'private_key.pem')
    await sees(bench, { certificateFile: own(giver), privateKeyFile })
    expect(await bench.refusal({ certificateFile: '/nowhere.pem', privateKeyFile })).toMatchObject({
      code: 'config-invalid',
    })
  }, 60_000)
})

describe('security policies', () => {
  test.each([
    ['Basic256Sha256', 'SignAndEncrypt'],
    ['Basic256Sha256', 'Sign'],
    ['Aes128_Sha256_RsaOaep', 'SignAndEncrypt'],
    ['None', 'None'],
  ] as const)(
    '%s, %s',
    async (securityPolicy, securityMode) => {
      await sees(await start(server), { securityPolicy, securityMode })
    },
    60_000,
  )

  test('one that is not offered: refused, with what is', async () => {
    const bench = await start(server)
    const error = await bench.refusal({ securityPolicy: 'Aes256_Sha256_RsaPss' })
    expect(error).toMatchObject({ code: 'refused', transient: false })
    expect((error as MillraceError).hint).toContain('SignAndEncrypt/Basic256Sha256')
  }, 60_000)
})

describe('users', () => {
  const given = { securityPolicy: 'Aes256_Sha256_RsaPss' } as const
  const wrong = { code: 'unauthorised', transient: false }

  test('by password from a file or the environment; encrypted with Aes256_Sha256_RsaPss', async () => {
    const bench = await start(other)
    const passwordFile = join(bench.stateDir, 'password')
    await writeFile(passwordFile, 'pass word\n', { mode: 0o600 })
    await sees(bench, { ...given, user: { name: 'ada', passwordFile } })
    await bench.closeRuns()
    process.env.MILLRACE_TEST_PASSWORD = 'pass word'
    await sees(bench, { ...given, user: { name: 'ada', passwordEnv: 'MILLRACE_TEST_PASSWORD' } })
  }, 60_000)

  test('a wrong password, or none, is unauthorised; a missing one is a matter of configuration', async () => {
    const bench = await start(other)
    const passwordFile = join(bench.stateDir, 'password')
    const user = { name: 'ada', passwordFile }
    expect(await bench.refusal({ ...given, user })).toMatchObject({ code: 'config-invalid' })
    await writeFile(passwordFile, 'wrong')
    expect(await bench.refusal({ ...given, user })).toMatchObject(wrong)
    expect(await bench.refusal(given)).toMatchObject(wrong)
    const unset = await bench.refusal({ ...given, user: { name: 'ada', passwordEnv: 'MILLRACE_TEST_UNSET' } })
    expect(unset).toMatchObject({ code: 'config-invalid' })
    expect((unset as MillraceError).message).toContain('MILLRACE_TEST_UNSET')
  }, 60_000)

  test('by certificate; one that the server does not know is unauthorised', async () => {
    const [giver, bench] = [await start(server), await start(other)]
    await sees(giver)
    const { raw } = new X509Certificate(await readFile(own(giver)))
    const privateKeyFile = join(giver.stateDir, 'pki', 'own', 'private', 'private_key.pem')
    const user = { certificateFile: own(giver), privateKeyFile }
    expect(await bench.refusal({ ...given, user })).toMatchObject(wrong)
    await bench.server.allowUser(createHash('sha1').update(raw).digest('hex'))
    await sees(bench, { ...given, user })
  }, 60_000)

  test('too many sessions: refused for now', async () => {
    const bench = await start(other)
    const passwordFile = join(bench.stateDir, 'password')
    await writeFile(passwordFile, 'pass word')
    const user = { name: 'ada', passwordFile }
    await sees(bench, { ...given, user })
    expect(await bench.refusal({ ...given, user })).toMatchObject({ code: 'refused', transient: true })
    await bench.closeRuns()
    await sees(bench, { ...given, user })
  }, 60_000)
})
