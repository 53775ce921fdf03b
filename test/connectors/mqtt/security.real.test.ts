import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { createAuthority, issueCertificate, writeCredentials } from '../../../edge-broker/pki.ts'
import { lack, needs } from '../../needs.ts'
import { type Mosquitto, startMosquitto } from '../../servers/mosquitto.ts'
import { declare, machine, optionsFor, type Running, start } from './plant.ts'

const state = declare('state', { topic: 'plant/state' })
const password = 'correct horse'

describe('TLS, client certificates and users', () => {
  let dir: string
  let broker: Mosquitto
  let ca: string
  let own: { cert: string; key: string }

  /** A broker of the plant's own CA that wants a certificate of it, and a user with a password. */
  beforeAll(async () => {
    if (lack('mosquitto')) return
    dir = await mkdtemp(join(tmpdir(), 'millrace-mqtt-tls-'))
    const authority = await createAuthority(join(dir, 'authority'), { plant: 'test' })
    const server = await issueCertificate(authority, {
      kind: 'broker',
      name: 'broker-1',
      addresses: ['127.0.0.1'],
    })
    const client = await writeCredentials(
      join(dir, 'client'),
      await issueCertificate(authority, { kind: 'client', name: 'client-mqtt' }),
    )
    ca = client.ca
    own = client
    const passwords = join(dir, 'passwords')
    execFileSync('mosquitto_passwd', ['-b', '-c', passwords, 'millrace', password])
    broker = await startMosquitto({
      anonymous: false,
      lines: [
        'cafile DIR/ca.pem',
        'certfile DIR/cert.pem',
        'keyfile DIR/key.pem',
        'require_certificate true',
        'password_file DIR/passwords',
      ],
      files: {
        'ca.pem': server.ca,
        'cert.pem': server.cert,
        'key.pem': server.key,
        passwords: await readFile(passwords, 'utf8'),
      },
    })
    await writeFile(join(dir, 'password'), `${password}\n`, { mode: 0o600 })
    await writeFile(join(dir, 'open'), password, { mode: 0o644 })
  })
  afterAll(async () => {
    await broker?.stop()
    if (dir) await rm(dir, { recursive: true })
  })
  beforeEach(context => needs(context, 'mosquitto'))

  const connecting = (given: object): Promise<Running> => {
    const whole = {
      endpoint: `mqtts://127.0.0.1:${broker.port}`,
      caFile: ca,
      certificateFile: own.cert,
      privateKeyFile: own.key,
      user: { name: 'millrace', passwordFile: join(dir, 'password') },
      sessionExpirySeconds: 0,
    }
    return start({ tags: [state], options: optionsFor(broker.port, { ...whole, ...given }) })
  }
  const refused = (given: object) =>
    connecting(given).then(
      () => undefined,
      error => error,
    )

  test('with everything right it reads', async () => {
    const running = await connecting({})
    const client = await machine(broker.port, {
      protocol: 'mqtts',
      ca: await readFile(ca),
      cert: await readFile(own.cert),
      key: await readFile(own.key),
      username: 'millrace',
      password,
    })
    await client.publishAsync('plant/state', '"runs"', { qos: 1 })
    await running.collector.sample(state.tag, ({ value }) => value === 'runs')
    await client.endAsync()
    await running.stop()
  })

  test.each([
    ['a CA that is not its own', { caFile: undefined }, 'untrusted'],
    ['another name in the certificate', { serverName: 'elsewhere' }, 'untrusted'],
    ['no certificate of ours', { certificateFile: undefined, privateKeyFile: undefined }, 'unauthorised'],
    ['no user', { user: undefined }, 'unauthorised'],
  ])('%s: a coded reason with a hint', async (_, given, code) => {
    const error = await refused(Object.fromEntries(Object.entries(given)))
    expect(error).toMatchObject({ code, hint: expect.any(String) })
  })

  test('passwords come from a file of mode 0600, or from the environment', async () => {
    const user = (more: object) => refused({ user: { name: 'millrace', ...more } })
    expect(await user({ passwordFile: join(dir, 'open') })).toMatchObject({
      code: 'config-invalid',
      hint: /chmod 600/,
    })
    expect(await user({ passwordFile: join(dir, 'nowhere') })).toMatchObject({ code: 'config-invalid' })
    expect(await user({ passwordEnv: 'MILLRACE_NO_SUCH' })).toMatchObject({ code: 'config-invalid' })
    process.env.MILLRACE_MQTT_TEST = password
    const running = await connecting({ user: { name: 'millrace', passwordEnv: 'MILLRACE_MQTT_TEST' } })
    await running.stop()
    delete process.env.MILLRACE_MQTT_TEST
  })

  test('TLS spoken to a port that has none', async () => {
    const open = await startMosquitto()
    const error = await refused({ endpoint: `mqtts://127.0.0.1:${open.port}` })
    expect(error).toMatchObject({ transient: true, hint: expect.any(String) })
    await open.stop()
  })
})
