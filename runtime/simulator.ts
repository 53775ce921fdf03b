import { X509Certificate } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { openPki, trust } from '../connectors/opcua/trust.ts'
import { type Installation, writeServerFile } from './install.ts'
import { projectRoot } from './layout.ts'
import { simulatorPort } from './ports.ts'
import { type SupervisedProcess, superviseProcess } from './process.ts'
import { opcuaFolders, type SourceFolder } from './source-folders.ts'

/**
 * The plant simulator as a process of its own: a foreign thing to the product, reached over real sockets only. What a
 * person does with a real device is done here for the simulated one: both sides' certificates are trusted, and the
 * servers are told where it listens.
 */
export async function startSimulator(
  installation: Installation,
  started: (process: SupervisedProcess) => void,
  readyMs: number,
): Promise<void> {
  const folders = opcuaFolders(installation)
  const trusted = await Promise.all(folders.map(ownCertificate))
  const simulator = simulatorProcess(installation, trusted)
  started(simulator)
  await simulator.start()
  const said = await simulator.ready(readyMs)
  const { endpoints, certificates } = said as Record<'endpoints' | 'certificates', Record<string, string>>
  for (const { source, stateDir } of folders) {
    const certificate = certificates[source]
    if (certificate) await trustOnce(stateDir, await readFile(certificate))
  }
  for (const server of installation.plant.servers)
    await writeServerFile(installation, server.name, { endpoints })
}

function simulatorProcess(
  { plant, layout, portBase }: Installation,
  trusted: readonly string[],
): SupervisedProcess {
  const main = join(projectRoot, 'test', 'simulator', 'main.ts')
  const state = join(layout.stateDir, 'simulator')
  const ports = plant.sources.map(({ name }, i) => `${name}=${simulatorPort(portBase, i)}`).join(',')
  const args = ['--plant', layout.plantDir, '--state', state, '--host', '127.0.0.1', '--ports', ports]
  return superviseProcess({
    name: 'simulator',
    announces: true,
    logFile: join(state, 'simulator.log'),
    program: async () => ({
      command: process.execPath,
      args: [main, ...args, ...trusted.flatMap(file => ['--trust', file])],
    }),
  })
}

/** The certificate that the connector will show, made now if it is not there. */
async function ownCertificate({ source, stateDir }: SourceFolder): Promise<string> {
  const file = join(stateDir, 'pki', 'own', 'certs', 'client_certificate.pem')
  if (existsSync(file)) return file
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const pki = await openPki(stateDir, source, {})
  await pki.store.dispose()
  return pki.certificateFile
}

async function trustOnce(stateDir: string, certificate: Buffer): Promise<void> {
  const dir = join(stateDir, 'pki', 'trusted', 'certs')
  const { fingerprint } = new X509Certificate(certificate)
  for (const name of existsSync(dir) ? await readdir(dir) : []) {
    if (new X509Certificate(await readFile(join(dir, name))).fingerprint === fingerprint) return
  }
  await trust(stateDir, certificate)
}
