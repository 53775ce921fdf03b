import { X509Certificate } from 'node:crypto'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { trust } from '../../connectors/opcua/trust.ts'
import { listCertificates, openAuthority } from '../../edge-broker/pki.ts'
import { MillraceError } from '../../model/index.ts'
import { type PlantAt, type PlantOptions, plantAt } from '../plant-at.ts'
import { opcuaFolders } from '../source-folders.ts'

/** Every certificate that the plant's authority has given out. */
export async function listIssued(options: PlantOptions & { json?: boolean }): Promise<void> {
  const { layout } = await plantAt(options)
  const issued = await listCertificates(await openAuthority(layout.pkiDir))
  if (options.json) return console.log(JSON.stringify(issued))
  for (const { name, kind, serial, expires } of issued) {
    console.log(`${expires.toISOString().slice(0, 10)}  ${kind.padEnd(8)} ${name.padEnd(24)} ${serial}`)
  }
}

type Refused = { source: string; subject: string; thumbprint: string; validTo: string }
type RefusedFile = Refused & { stateDir: string; bytes: Buffer }

export type TrustOptions = PlantOptions & { source?: string; json?: boolean }

/** Without a thumbprint lists what connectors have refused; with one, trusts it. The connector sees it by itself. */
export async function trustDevice(thumbprint: string | undefined, options: TrustOptions): Promise<void> {
  const at = await plantAt(options)
  if (thumbprint === undefined) return listRefused(refusedIn(at), options)
  const chosen = existsSync(thumbprint)
    ? givenFile(at, thumbprint, options.source)
    : chosenOf(refusedIn(at), thumbprint)
  await trust(chosen.stateDir, chosen.bytes)
  if (options.json) return console.log(JSON.stringify(shown(chosen)))
  console.log(`${chosen.source} trusts ${chosen.subject} (${chosen.thumbprint}) from its next attempt on.`)
}

function listRefused(refused: readonly RefusedFile[], { json }: TrustOptions): void {
  if (json) return void console.log(JSON.stringify(refused.map(shown)))
  if (refused.length === 0) return void console.log('No device certificate waits to be trusted.')
  for (const { source, subject, thumbprint, validTo } of refused) {
    console.log(`${thumbprint}  ${source}: ${subject}, valid to ${validTo}`)
  }
  console.log('Compare the thumbprint with the one the device shows, then: millrace pki trust THUMBPRINT')
}

const shown = ({ source, subject, thumbprint, validTo }: RefusedFile): Refused => ({
  source,
  subject,
  thumbprint,
  validTo,
})

/** The files in `rejected/` of every OPC UA source on every server of this machine that is not trusted meanwhile. */
function refusedIn({ plant, layout }: PlantAt): RefusedFile[] {
  return opcuaFolders({ plant, layout }).flatMap(({ source, stateDir }) => {
    const trusted = new Set(certificatesIn(join(stateDir, 'pki', 'trusted', 'certs')).map(({ sha1 }) => sha1))
    return certificatesIn(join(stateDir, 'pki', 'rejected'))
      .filter(({ sha1 }) => !trusted.has(sha1))
      .map(({ bytes }) => described(source, stateDir, bytes))
  })
}

function certificatesIn(dir: string): { sha1: string; bytes: Buffer }[] {
  if (!existsSync(dir)) return []
  return readdirSync(dir).map(name => {
    const bytes = readFileSync(join(dir, name))
    return { sha1: new X509Certificate(bytes).fingerprint, bytes }
  })
}

function described(source: string, stateDir: string, bytes: Buffer): RefusedFile {
  const { subject, fingerprint, validTo } = new X509Certificate(bytes)
  const thumbprint = fingerprint.replaceAll(':', '').toLowerCase()
  return { source, stateDir, bytes, subject: subject.replaceAll('\n', ', '), thumbprint, validTo }
}

function givenFile(at: PlantAt, path: string, source: string | undefined): RefusedFile {
  const folder = opcuaFolders(at).find(candidate => candidate.source === source)
  if (folder) return described(folder.source, folder.stateDir, readFileSync(path))
  throw new MillraceError('config-invalid', 'which source is to trust this certificate?', {
    hint: `Add --source: ${opcuaFolders(at)
      .map(({ source }) => source)
      .join(', ')}`,
  })
}

function chosenOf(refused: readonly RefusedFile[], wanted: string): RefusedFile {
  const prefix = wanted.replaceAll(':', '').toLowerCase()
  const matching = refused.filter(({ thumbprint }) => thumbprint.startsWith(prefix))
  if (matching.length === 1) return matching[0]!
  throw new MillraceError('bad-address', `${matching.length} refused certificates begin with "${wanted}"`, {
    hint: 'Run millrace pki trust without an argument to list them',
  })
}
