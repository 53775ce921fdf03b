import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rename, writeFile } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Options } from '../../../connectors/http/index.ts'
import { curl, json, keyed, type Running, record, start } from './bench.ts'

const openssl = (args: string) => promisify(execFile)('openssl', args.split(' '), { cwd: dir })
const tokens = { bench: 'b'.repeat(30), erp: 'e'.repeat(30) }
const bearer = (token: string) => ['-H', `Authorization: Bearer ${token}`]
let dir = ''
const at = (name: string) => join(dir, name)

/** An authority, a server and a client of it, and a stranger with an authority of its own. */
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-access-'))
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2'
  for (const ca of ['ca', 'other'])
    await openssl(`req -x509 ${key} -subj /CN=${ca} -keyout ${ca}.key -out ${ca}.pem`)
  for (const [name, ca] of [
    ['server', 'ca'],
    ['bench', 'ca'],
    ['stranger', 'other'],
  ]) {
    await openssl(
      `req -x509 ${key} -subj /CN=${name} -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE -CA ${ca}.pem -CAkey ${ca}.key -keyout ${name}.key -out ${name}.pem`,
    )
  }
  await writeFile(at('tokens'), `bench ${tokens.bench}\nerp ${tokens.erp}\n`, { mode: 0o600 })
})

const running: Running[] = []
const begin = async (options: Partial<Options>, secure = true) => {
  const pair = secure ? { certificateFile: at('server.pem'), privateKeyFile: at('server.key') } : {}
  running.push(await start({ secure, options: { ...pair, ...options } }))
  return running.at(-1)!
}
afterEach(async () => {
  for (const one of running.splice(0)) await one.stop()
})

const trusting = () => ['--cacert', at('ca.pem')]
const showing = (name: string) => ['--cert', at(`${name}.pem`), '--key', at(`${name}.key`)]
const post = async ({ url }: Running, args: readonly string[], body = record(1)) =>
  await curl(`${url}telemetry`, [...json, ...(url.startsWith('https') ? trusting() : []), ...args], body)

describe('tokens', () => {
  test('let in over HTTPS; none, a wrong one and half of one do not', async () => {
    const one = await begin({ tokensFile: at('tokens') })
    expect((await post(one, bearer(tokens.bench))).status).toBe(200)
    for (const args of [
      [],
      bearer('x'.repeat(30)),
      bearer(tokens.bench.slice(1)),
      ['-u', `bench:${tokens.bench}`],
    ]) {
      const told = await post(one, args)
      expect(told.status).toBe(401)
      expect(told.headers.get('www-authenticate')).toContain('Bearer')
      expect(told.body).toContain('Authorization: Bearer TOKEN')
    }
    expect(one.collector.samples).toHaveLength(1)
  })

  test("a client's keys are its own", async () => {
    const one = await begin({ tokensFile: at('tokens') })
    const [body, args] = [record(1), keyed('same')]
    const told = [
      await post(one, [...bearer(tokens.bench), ...args], body),
      await post(one, [...bearer(tokens.erp), ...args], body),
    ]
    expect(told.map(({ headers }) => headers.has('idempotency-replayed'))).toEqual([false, false])
    expect(one.collector.samples).toHaveLength(2)
  })

  test('that are guessed fast are stopped', async () => {
    const one = await begin({ tokensFile: at('tokens'), maxRequestsPerSecond: 2 }, false)
    const guesses = Array.from({ length: 12 }, (_, i) => post(one, bearer(`${i}`.padStart(30, 'x'))))
    const told = new Set((await Promise.all(guesses)).map(({ status }) => status))
    expect([...told].sort()).toEqual([401, 429])
    expect((await post(one, bearer(tokens.bench))).status).toBe(200)
  })

  test('that are changed hold at once, or nearly', async () => {
    const path = at('changing')
    await writeFile(path, `bench ${tokens.bench}\n`, { mode: 0o600 })
    const one = await begin({ tokensFile: path }, false)
    expect((await post(one, bearer(tokens.bench))).status).toBe(200)
    await writeFile(`${path}.new`, `erp ${tokens.erp}\n`, { mode: 0o600 })
    await rename(`${path}.new`, path)
    while ((await post(one, bearer(tokens.erp))).status !== 200) {}
    expect((await post(one, bearer(tokens.bench))).status).toBe(401)
  }, 20_000)

  test('in a file that others can read, or that is not there: refused to start', async () => {
    const path = at('open')
    await writeFile(path, `bench ${tokens.bench}\n`)
    await chmod(path, 0o644)
    await expect(begin({ tokensFile: path }, false)).rejects.toMatchObject({
      code: 'config-invalid',
      hint: `Run: chmod 600 ${path}`,
    })
    await expect(begin({ tokensFile: at('none') }, false)).rejects.toMatchObject({ code: 'config-invalid' })
  })
})

describe('client certificates', () => {
  test('of the authority let in; none, and those of others, do not', async () => {
    const one = await begin({ clientCaFile: at('ca.pem') })
    expect((await post(one, showing('bench'))).status).toBe(200)
    for (const args of [[], showing('stranger')]) {
      const told = await post(one, args)
      expect([told.status, JSON.parse(told.body).hint]).toEqual([
        401,
        expect.stringContaining('client certificate'),
      ])
    }
    expect(one.collector.samples).toHaveLength(1)
  })

  test('or a token, where both are declared', async () => {
    const one = await begin({ clientCaFile: at('ca.pem'), tokensFile: at('tokens') })
    expect((await post(one, showing('bench'))).status).toBe(200)
    expect((await post(one, bearer(tokens.erp))).status).toBe(200)
    expect((await post(one, showing('stranger'))).status).toBe(401)
  })

  test("the server's own that are none are told", async () => {
    await expect(begin({ tokensFile: at('tokens'), privateKeyFile: at('bench.key') })).rejects.toMatchObject({
      code: 'config-invalid',
    })
    await expect(begin({ tokensFile: at('tokens'), certificateFile: at('none') })).rejects.toMatchObject({
      code: 'config-invalid',
    })
  })
})

describe('loopback without either', () => {
  test('answers loopback names alone: a page of another site cannot post', async () => {
    const one = await begin({}, false)
    expect((await post(one, [])).status).toBe(200)
    const status = await new Promise<number>((resolve, reject) => {
      const headers = { Host: 'evil.example', 'Content-Type': 'application/json' }
      const asking = request(`${one.url}telemetry`, { method: 'POST', headers }, ({ statusCode = 0 }) =>
        resolve(statusCode),
      )
      asking.on('error', reject).end(record(2))
    })
    expect(status).toBe(403)
    expect((await curl(`${one.url}telemetry`, ['-X', 'OPTIONS'])).status).toBe(405)
    expect(one.collector.samples).toHaveLength(1)
  })
})
