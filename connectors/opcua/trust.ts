import { X509Certificate } from 'node:crypto'
import { access, chmod, mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import { coded, MillraceError } from '../../model/index.ts'
import type { Options } from './options.ts'

/**
 * The certificates of one source, in the layout that OPC UA products share: `own/`, `trusted/`, `issuers/` and
 * `rejected/` below `pki/` in the state folder of the source.
 */
export type Pki = {
  readonly store: OPCUACertificateManager
  readonly certificateFile: string
  readonly privateKeyFile: string
  /** The URI in our certificate's subjectAltName, which has to be told to the server (OPC 10000-6, 6.2.2). */
  readonly applicationUri: string
}

const pkiDir = (stateDir: string): string => join(stateDir, 'pki')

/** Opens the store as it is on disk now, with our own key and certificate; makes what is missing. Dispose of `store`. */
export async function openPki(stateDir: string, name: string, options: Partial<Options>): Promise<Pki> {
  const store = await openStore(stateDir)
  try {
    const certificateFile =
      options.certificateFile ?? join(store.rootDir, 'own', 'certs', 'client_certificate.pem')
    const privateKeyFile = options.privateKeyFile ?? store.privateKey
    if (options.certificateFile === undefined) await selfSigned(store, certificateFile, name)
    return { store, certificateFile, privateKeyFile, applicationUri: await uriOf(certificateFile) }
  } catch (thrown) {
    await store.dispose()
    throw thrown
  }
}

/** The stack counts users of the store and forgets some whose connect fails; a store that stays open is never freed. */
export async function closePki({ store }: Pki): Promise<void> {
  store.referenceCounter = 0
  await store.dispose()
}

/**
 * Trusts a server's application certificate (DER or PEM) for the source whose state folder this is. Seen by the next
 * connect; nothing has to be restarted.
 */
export async function trust(stateDir: string, certificate: Uint8Array): Promise<void> {
  const { raw } = new X509Certificate(certificate)
  const store = await openStore(stateDir)
  try {
    await store.trustCertificate(raw)
  } finally {
    await store.dispose()
  }
}

/**
 * The stack puts what it does not know into `rejected/`, which counts more than `trusted/`. Where somebody has trusted
 * the certificate since the store was opened, it would stay refused for good: so that file is taken away again.
 * @throws MillraceError `untrusted` when the server's certificate is not trusted here, naming the file to move
 */
export async function checkServer({ store }: Pki, certificate: Buffer, endpoint: string): Promise<void> {
  const refusedBefore = await fileOf(certificate, store.rejectedFolder)
  const verdict = await store.checkCertificate(certificate)
  if (verdict.isGood()) return
  if (!refusedBefore && (await fileOf(certificate, store.trustedFolder))) {
    const refused = await fileOf(certificate, store.rejectedFolder)
    if (refused) await rm(refused)
  }
  const { subject, fingerprint, validTo } = new X509Certificate(certificate)
  const named = `the certificate of ${endpoint} (${subject.replaceAll('\n', ', ')}, SHA-1 ${fingerprint})`
  if (verdict.name !== 'BadCertificateUntrusted') {
    throw new MillraceError('untrusted', `${verdict.name}: ${named}`, {
      hint: `Give the server a valid certificate (this one ends ${validTo}); if a CA issued it, put the CA's certificate in ${store.issuersCertFolder} and its list of revoked ones in ${store.issuersCrlFolder}`,
    })
  }
  const sha1 = fingerprint.replaceAll(':', '').toLowerCase()
  const file = (await readdir(store.rejectedFolder)).find(name => name.includes(sha1)) ?? sha1
  throw new MillraceError('untrusted', `Not trusted yet: ${named}`, {
    hint: `Compare this SHA-1 with what the server shows; if it is the same, run \`millrace pki trust\` for it, or move ${join(store.rejectedFolder, file)} to ${store.trustedFolder}`,
  })
}

/** The file of a folder that holds the certificate (DER or PEM). */
async function fileOf(certificate: Buffer, folder: string): Promise<string | undefined> {
  const { fingerprint256 } = new X509Certificate(certificate)
  for (const name of await readdir(folder)) {
    const file = join(folder, name)
    if ((await fingerprintIn(file)) === fingerprint256) return file
  }
  return undefined
}

/** Undefined for a file that is no certificate, or that somebody has just moved away. */
async function fingerprintIn(file: string): Promise<string | undefined> {
  try {
    return new X509Certificate(await readFile(file)).fingerprint256
  } catch {
    return undefined
  }
}

async function openStore(stateDir: string): Promise<OPCUACertificateManager> {
  const { OPCUACertificateManager } = await import('node-opcua-certificate-manager')
  const dir = pkiDir(stateDir)
  try {
    await mkdir(dir, { recursive: true, mode: 0o700 })
    // Opened for each connect and read then: watchers would only keep handles open.
    const store = new OPCUACertificateManager({ rootFolder: dir, disableFileWatchers: true })
    await store.initialize()
    await chmod(store.privateKey, 0o600)
    return store
  } catch (thrown) {
    throw coded(thrown, 'disk', `The certificates in ${dir} cannot be opened`, {
      hint: 'Check free space and permissions',
    })
  }
}

async function selfSigned(store: OPCUACertificateManager, outputFile: string, name: string): Promise<void> {
  const there = await access(outputFile).then(
    () => true,
    () => false,
  )
  if (there) return
  await store.createSelfSignedCertificate({
    applicationUri: `urn:millrace:${name}`,
    dns: [hostname()],
    outputFile,
    subject: `/CN=Millrace ${name}/O=Millrace`,
    startDate: new Date(),
    validity: 365 * 10,
  })
}

async function uriOf(certificateFile: string): Promise<string> {
  try {
    const names = new X509Certificate(await readFile(certificateFile)).subjectAltName ?? ''
    const uri = /URI:([^,\s]+)/.exec(names)?.[1]
    if (uri) return uri
  } catch (thrown) {
    throw coded(thrown, 'config-invalid', `${certificateFile} cannot be read`, {
      hint: 'It has to be a certificate in PEM form that this service may read',
    })
  }
  throw new MillraceError('config-invalid', `${certificateFile} has no URI in its subjectAltName`, {
    hint: 'OPC UA asks for an application URI there; issue the certificate with one',
  })
}
