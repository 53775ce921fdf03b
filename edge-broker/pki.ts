import 'reflect-metadata' // @peculiar/x509 wants it loaded first
import { webcrypto } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { isIP } from 'node:net'
import { join } from 'node:path'
import * as x509 from '@peculiar/x509'
import { MillraceError } from '../model/index.ts'
import type { Connection } from './kafka.ts'
import { writeSecret } from './secret-files.ts'

/** The plant's own certificate authority. Its key never leaves its folder. */
export type Authority = {
  readonly dir: string
  readonly plant: string
  /** PEM */
  readonly ca: string
  readonly certificate: x509.X509Certificate
  readonly key: webcrypto.CryptoKey
}

/**
 * broker and service: both ends of mutual TLS inside the plant; client: a foreign reader; opcua: an OPC UA application
 * instance certificate (OPC 10000-6, 6.2.2), self-signed, because that is what a PLC's engineer can trust by itself.
 */
export type CertificateKind = 'broker' | 'service' | 'client' | 'opcua'

export type CertificateRequest = {
  /** Becomes the CN and so the Kafka principal `User:<name>`; [a-z0-9-]+ (any text for opcua) */
  name: string
  kind: CertificateKind
  /** DNS names and IP addresses others reach it by */
  addresses?: readonly string[]
  /** opcua: the application URI */
  uri?: string
  days?: number
}

/** PEM texts. `key` is PKCS#8, which is what Kafka reads. */
export type Credentials = { readonly cert: string; readonly key: string; readonly ca: string }

export type IssuedCertificate = {
  readonly name: string
  readonly kind: CertificateKind
  readonly serial: string
  readonly expires: Date
}

const ecdsa = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
const rsa = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
}
const dayMs = 86_400_000

/** Brokers and services renew themselves at a start; a client is renewed by a person, an OPC UA trust by many. */
const lifetimeDays: Record<CertificateKind, number> = { broker: 730, service: 730, client: 365, opcua: 3650 }

/** Opens the plant's authority in `dir`, making it at the first time: ECDSA P-256, twenty years, signs no other authority. */
export async function createAuthority(dir: string, options: { plant: string }): Promise<Authority> {
  if (!existsSync(join(dir, 'ca.pem'))) await writeAuthority(dir, options.plant)
  return openAuthority(dir)
}

/** @throws MillraceError `unauthorised` when there is no authority in `dir` */
export async function openAuthority(dir: string): Promise<Authority> {
  if (!existsSync(join(dir, 'ca.pem')) || !existsSync(join(dir, 'ca.key'))) {
    throw new MillraceError('unauthorised', `no certificate authority in ${dir}`, {
      hint: 'It is made at the first start of the plant, on the server that holds its key',
    })
  }
  const ca = await readFile(join(dir, 'ca.pem'), 'utf8')
  const certificate = new x509.X509Certificate(ca)
  const key = await importKey(await readFile(join(dir, 'ca.key'), 'utf8'))
  return { dir, plant: certificate.subjectName.getField('O')[0] ?? '', ca, certificate, key }
}

/**
 * Makes a key pair and its certificate. The certificate, not the key, is also kept in the authority's list.
 * @throws MillraceError `config-invalid` for a name that could be taken for another principal
 */
export async function issueCertificate(
  authority: Authority,
  request: CertificateRequest,
): Promise<Credentials> {
  checkName(request)
  const opcua = request.kind === 'opcua'
  const keys = await generateKeys(opcua ? rsa : ecdsa)
  const certificate = opcua
    ? await x509.X509CertificateGenerator.createSelfSigned({
        name: [{ CN: [request.name] }, { O: [authority.plant] }],
        keys,
        ...validity(lifetimeOf(request)),
        signingAlgorithm: rsa,
        extensions: await extensionsOf(request, keys.publicKey, keys.publicKey),
      })
    : await x509.X509CertificateGenerator.create({
        subject: [{ CN: [request.name] }],
        issuer: authority.certificate.subject,
        publicKey: keys.publicKey,
        signingKey: authority.key,
        ...validity(lifetimeOf(request)),
        signingAlgorithm: ecdsa,
        extensions: await extensionsOf(
          request,
          keys.publicKey,
          await authority.certificate.publicKey.export(),
        ),
      })
  const cert = `${certificate.toString('pem')}\n`
  await writeSecret(join(authority.dir, 'issued', `${request.kind}.${certificate.serialNumber}.pem`), cert)
  return { cert, key: await exportKey(keys.privateKey), ca: opcua ? cert : authority.ca }
}

/** Writes `ca.pem`, `cert.pem`, `key.pem` and, for Java, `keystore.pem` with the last two, all 0600, into `dir` (0700). */
export async function writeCredentials(dir: string, credentials: Credentials): Promise<Connection['tls']> {
  await writeSecret(join(dir, 'keystore.pem'), `${credentials.key}${credentials.cert}`)
  return {
    ca: await writeSecret(join(dir, 'ca.pem'), credentials.ca),
    key: await writeSecret(join(dir, 'key.pem'), credentials.key),
    cert: await writeSecret(join(dir, 'cert.pem'), credentials.cert),
  }
}

/** Every certificate this authority has given out, the next to expire first. */
export async function listCertificates(authority: Authority): Promise<IssuedCertificate[]> {
  const dir = join(authority.dir, 'issued')
  const files = existsSync(dir) ? (await readdir(dir)).filter(file => file.endsWith('.pem')) : []
  const listed = files.map(async file => {
    const certificate = new x509.X509Certificate(await readFile(join(dir, file), 'utf8'))
    return {
      name: certificate.subjectName.getField('CN')[0] ?? '',
      kind: file.slice(0, file.indexOf('.')) as CertificateKind,
      serial: certificate.serialNumber,
      expires: certificate.notAfter,
    }
  })
  return (await Promise.all(listed)).sort((a, b) => a.expires.getTime() - b.expires.getTime())
}

/** Whether less than a third of a certificate's life is left at `now`: time to issue the next. */
export function renewalDue(certPem: string, now: Date): boolean {
  const { notBefore, notAfter } = new x509.X509Certificate(certPem)
  return (notAfter.getTime() - now.getTime()) * 3 < notAfter.getTime() - notBefore.getTime()
}

async function writeAuthority(dir: string, plant: string): Promise<void> {
  const keys = await generateKeys(ecdsa)
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: [{ CN: [`Millrace ${plant} authority`] }, { O: [plant] }],
    keys,
    ...validity(7300),
    signingAlgorithm: ecdsa,
    extensions: [
      new x509.BasicConstraintsExtension(true, 0, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
    ],
  })
  await writeSecret(join(dir, 'ca.key'), await exportKey(keys.privateKey))
  await writeSecret(join(dir, 'ca.pem'), `${certificate.toString('pem')}\n`)
}

function checkName({ name, kind }: CertificateRequest): void {
  const reserved = { broker: /^(broker|region)-[0-9]+$/, client: /^client-[a-z0-9-]+$/ }
  const own = kind === 'broker' ? reserved.broker : kind === 'client' ? reserved.client : /^[a-z][a-z0-9-]*$/
  const taken = kind === 'service' && (reserved.broker.test(name) || reserved.client.test(name))
  if (kind === 'opcua' || (own.test(name) && !taken)) return
  throw new MillraceError('config-invalid', `"${name}" cannot be the name of a ${kind} certificate`, {
    hint: 'Brokers are broker-N or region-N, clients client-NAME, services anything else in a-z, 0-9 and dashes',
  })
}

async function extensionsOf(
  request: CertificateRequest,
  subject: webcrypto.CryptoKey,
  issuer: webcrypto.CryptoKey,
) {
  const { digitalSignature, nonRepudiation, keyEncipherment, dataEncipherment, keyCertSign } =
    x509.KeyUsageFlags
  const opcua = request.kind === 'opcua'
  const usage = opcua
    ? digitalSignature | nonRepudiation | keyEncipherment | dataEncipherment | keyCertSign
    : digitalSignature
  const purposes = [x509.ExtendedKeyUsage.clientAuth]
  if (request.kind !== 'client') purposes.push(x509.ExtendedKeyUsage.serverAuth)
  const names = namesOf(request)
  return [
    new x509.BasicConstraintsExtension(false, undefined, true),
    new x509.KeyUsagesExtension(usage, true),
    new x509.ExtendedKeyUsageExtension(purposes),
    await x509.SubjectKeyIdentifierExtension.create(subject),
    await x509.AuthorityKeyIdentifierExtension.create(issuer),
    ...(names.length > 0 ? [new x509.SubjectAlternativeNameExtension(names)] : []),
  ]
}

function namesOf({ addresses = [], uri }: CertificateRequest): x509.JsonGeneralNames {
  const hosts = addresses.map(value => ({ type: isIP(value) ? ('ip' as const) : ('dns' as const), value }))
  return uri ? [{ type: 'url', value: uri }, ...hosts] : hosts
}

function lifetimeOf({ kind, days }: CertificateRequest): number {
  return days ?? lifetimeDays[kind]
}

/** Valid from a day ago, for servers whose clocks are not set yet. */
function validity(days: number): { notBefore: Date; notAfter: Date } {
  const now = Date.now()
  return { notBefore: new Date(now - dayMs), notAfter: new Date(now + days * dayMs) }
}

async function generateKeys(algorithm: typeof ecdsa | typeof rsa): Promise<webcrypto.CryptoKeyPair> {
  return webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
}

async function exportKey(key: webcrypto.CryptoKey): Promise<string> {
  return `${x509.PemConverter.encode(await webcrypto.subtle.exportKey('pkcs8', key), 'PRIVATE KEY')}\n`
}

async function importKey(pem: string): Promise<webcrypto.CryptoKey> {
  const [der] = x509.PemConverter.decode(pem)
  if (!der) throw new MillraceError('unauthorised', "the authority's key cannot be read")
  return webcrypto.subtle.importKey('pkcs8', der, ecdsa, false, ['sign'])
}
