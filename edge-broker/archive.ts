/**
 * A class data archive (JEP 350) of what a broker loads: with it a broker starts with a third less CPU, which counts
 * where two cores start a whole plant. Made once for each Java and set of jars, by running a broker that keeps nothing.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { archiveFile, type Command } from './java.ts'
import { clusterIdOf, prepareNode, startsIn } from './node.ts'
import { createAuthority, issueCertificate, writeCredentials } from './pki.ts'

const patienceMs = 120_000

/**
 * Makes the archive unless it is there. Takes about 8 s. One that cannot be made is done without, and tried for again
 * at the next call: everything works without it, only slower.
 */
export async function makeArchive(): Promise<void> {
  const file = await archiveFile()
  if (!file || existsSync(file)) return
  const draft = `${file}.${process.pid}`
  const dir = await mkdtemp(join(tmpdir(), 'millrace-archive-'))
  try {
    const node = join(dir, 'node')
    const broker = start(await throwawayBroker(dir, node), `-XX:ArchiveClassesAtExit=${draft}`)
    await stopOnceStarted(broker, join(node, 'broker.log'))
    if (existsSync(draft)) await rename(draft, file)
  } catch {
    // done without
  } finally {
    await rm(draft, { force: true })
    await rm(dir, { recursive: true, force: true, maxRetries: 3 })
  }
}

async function throwawayBroker(dir: string, node: string): Promise<Command> {
  const address = '127.0.0.1'
  const authority = await createAuthority(join(dir, 'pki'), { plant: 'archive' })
  const credentials = await issueCertificate(authority, {
    name: 'broker-1',
    kind: 'broker',
    addresses: [address],
  })
  return prepareNode({
    nodeId: 1,
    nodes: [{ nodeId: 1, address, brokerPort: await freePort(), controllerPort: await freePort() }],
    clusterId: clusterIdOf(authority.ca, 'archive'),
    superUsers: ['broker-1'],
    dir: node,
    tls: await writeCredentials(join(dir, 'tls'), credentials),
    heapMiB: 256,
  })
}

function start({ command, args, env, cwd }: Command, flag: string): ChildProcess {
  return spawn(command, [flag, '-Xlog:cds*=off', ...args], {
    env: { ...process.env, ...env },
    cwd,
    stdio: 'ignore',
  })
}

/** Java writes the archive when it ends in good order. */
async function stopOnceStarted(broker: ChildProcess, log: string): Promise<void> {
  const ended = new Promise<void>((resolve, reject) =>
    broker.once('exit', () => resolve()).once('error', reject),
  )
  const giveUp = setTimeout(() => broker.kill('SIGKILL'), patienceMs)
  try {
    const started = async () => {
      while (broker.exitCode === null && broker.signalCode === null && (await startsIn(log)) === 0)
        await sleep(100)
    }
    await Promise.race([started(), ended])
    broker.kill('SIGTERM')
    await ended
  } finally {
    clearTimeout(giveUp)
  }
}

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  await new Promise(resolve => server.close(resolve))
  return port
}
