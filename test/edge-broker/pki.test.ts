import { X509Certificate } from 'node:crypto'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect, createServer } from 'node:tls'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  createAuthority,
  issueCertificate,
  listCertificates,
  openAuthority,
  renewalDue,
  writeCredentials,
} from '../../edge-broker/pki.ts'

let root: string
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'millrace-pki-'))
})
afterAll(() => rm(root, { recursive: true, force: true }))

const newFolder = () => mkdtemp(join(root, 'own-'))
const newAuthority = async () => createAuthority(join(await newFolder(), 'pki'), { plant: 'demo' })

describe('authority', () => {
  test('is made once and opened after that', async () => {
    const authority = await newAuthority()
    const again = await createAuthority(authority.dir, { plant: 'demo' })
    expect(again.ca).toBe(authority.ca)
    expect((await openAuthority(authority.dir)).plant).toBe('demo')
    const ca = new X509Certificate(authority.ca)
    expect(ca.ca).toBe(true)
    expect(ca.verify(ca.publicKey)).toBe(true)
  })

  test('is missed with a coded error', async () => {
    const dir = await newFolder()
    await expect(openAuthority(dir)).rejects.toMatchObject({ code: 'unauthorised' })
  })

  test('keeps every file to its owner', async () => {
    const authority = await newAuthority()
    const credentials = await issueCertificate(authority, { name: 'board', kind: 'service' })
    await writeCredentials(join(authority.dir, 'board'), credentials)
    const entries = await readdir(authority.dir, { withFileTypes: true, recursive: true })
    expect(entries.length).toBeGreaterThanOrEqual(8)
    for (const entry of entries) {
      const { mode } = await stat(join(entry.parentPath, entry.name))
      expect([entry.name, (mode & 0o777).toString(8)]).toEqual([
        entry.name,
        entry.isDirectory() ? '700' : '600',
      ])
    }
    expect((await stat(authority.dir)).mode & 0o777).toBe(0o700)
  })
})

describe('certificate', () => {
  test('names principal and addresses, signed by the authority, key in PKCS#8', async () => {
    const authority = await newAuthority()
    const { cert, key, ca } = await issueCertificate(authority, {
      name: 'broker-1',
      kind: 'broker',
      addresses: ['10.1.2.3', 'server-1.plant.example'],
    })
    const certificate = new X509Certificate(cert)
    expect(certificate.subject).toBe('CN=broker-1')
    expect(certificate.verify(new X509Certificate(ca).publicKey)).toBe(true)
    expect(certificate.checkIP('10.1.2.3')).toBe('10.1.2.3')
    expect(certificate.checkHost('server-1.plant.example')).toBe('server-1.plant.example')
    expect(certificate.checkIP('10.1.2.4')).toBeUndefined()
    expect(key).toMatch(/^-----BEGIN PRIVATE KEY-----/)
  })

  test('lets both ends of a connection know each other', async () => {
    const authority = await newAuthority()
    const broker = await issueCertificate(authority, {
      name: 'broker-1',
      kind: 'broker',
      addresses: ['127.0.0.1'],
    })
    const client = await issueCertificate(authority, { name: 'client-lab', kind: 'client' })
    expect(await subjectSeen(broker, client)).toBe('client-lab')
  })

  test("is refused when another authority's", async () => {
    const [own, foreign] = [await newAuthority(), await newAuthority()]
    const broker = await issueCertificate(own, {
      name: 'broker-1',
      kind: 'broker',
      addresses: ['127.0.0.1'],
    })
    const client = await issueCertificate(foreign, { name: 'client-lab', kind: 'client' })
    await expect(subjectSeen(broker, { ...client, ca: own.ca })).rejects.toThrow()
  })

  test('of an OPC UA application has its URI and the usages of OPC 10000-6', async () => {
    const authority = await newAuthority()
    const uri = 'urn:plant.example:millrace:connectors'
    const { cert, ca } = await issueCertificate(authority, {
      name: 'Millrace demo',
      kind: 'opcua',
      addresses: ['127.0.0.1'],
      uri,
    })
    const certificate = new X509Certificate(cert)
    expect(ca).toBe(cert)
    expect(certificate.subjectAltName).toContain(`URI:${uri}`)
    expect(certificate.publicKey.asymmetricKeyDetails).toMatchObject({ modulusLength: 2048 })
    expect(certificate.keyUsage).toEqual(expect.arrayContaining(['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2']))
    expect(certificate.verify(certificate.publicKey)).toBe(true)
  })

  test.each([
    ['client', 'broker-1'],
    ['client', 'admin'],
    ['client', 'client-lab,OU=x'],
    ['service', 'broker-2'],
    ['service', 'client-lab'],
    ['broker', 'admin'],
  ] as const)('of a %s cannot be called %s', async (kind, name) => {
    const authority = await newAuthority()
    await expect(issueCertificate(authority, { name, kind })).rejects.toMatchObject({
      code: 'config-invalid',
    })
  })

  test('is listed with its end, the next first, and due for renewal in its last third', async () => {
    const authority = await newAuthority()
    await issueCertificate(authority, { name: 'board', kind: 'service', days: 30 })
    const { cert } = await issueCertificate(authority, { name: 'client-lab', kind: 'client', days: 10 })
    const listed = await listCertificates(authority)
    expect(listed.map(({ name, kind }) => [name, kind])).toEqual([
      ['client-lab', 'client'],
      ['board', 'service'],
    ])
    const inDays = (days: number) => new Date(Date.now() + days * 86_400_000)
    expect(renewalDue(cert, inDays(0))).toBe(false)
    expect(renewalDue(cert, inDays(8))).toBe(true)
  })
})

type Pem = { cert: string; key: string; ca: string }

/** Name of the client as a TLS server that wants a certificate sees it. */
async function subjectSeen(server: Pem, client: Pem): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const listener = createServer({ ...server, requestCert: true }, socket => {
    resolve(String(socket.getPeerCertificate().subject.CN))
    socket.end()
  })
  listener.on('tlsClientError', reject)
  await new Promise<void>(listening => listener.listen(0, '127.0.0.1', listening))
  const { port } = listener.address() as { port: number }
  const socket = connect({ ...client, host: '127.0.0.1', port })
  socket.on('error', reject)
  try {
    return await promise
  } finally {
    socket.destroy()
    listener.close()
  }
}

test('what is written is what was issued', async () => {
  const authority = await newAuthority()
  const credentials = await issueCertificate(authority, { name: 'board', kind: 'service' })
  const paths = await writeCredentials(join(authority.dir, 'board'), credentials)
  expect(await readFile(paths.cert, 'utf8')).toBe(credentials.cert)
  expect(await readFile(paths.key, 'utf8')).toBe(credentials.key)
  expect(await readFile(paths.ca, 'utf8')).toBe(credentials.ca)
})
