import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { coded, MillraceError } from '../model/index.ts'
import { releaseReserve } from './disk/reserve.ts'
import { archiveFlags, type Command, javaCommand } from './java.ts'
import type { NodeSpec } from './node-spec.ts'
import { privateFolder, writeSecret } from './secret-files.ts'
import { serverProperties } from './server-properties.ts'

const run = promisify(execFile)

/**
 * The id of a cluster, from anything that is the same on all its servers and nowhere else: the authority's certificate
 * and the cluster's name. A Kafka Uuid: 16 bytes in base64url.
 */
export function clusterIdOf(ca: string, name: string): string {
  return uuidOf(`cluster ${name} ${ca}`)
}

/** The directory id of a node's metadata, which all nodes must know at the first format (KIP-853). */
export function directoryIdOf(clusterId: string, nodeId: number): string {
  return uuidOf(`directory ${clusterId} ${nodeId}`)
}

/** Compiles quickly and not well: halves the CPU of a start, and costs throughput after it. */
export const shortLived = ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']

/** How often a node's log says that it is registered with an elected controller and open to clients. */
export async function startsIn(log: string): Promise<number> {
  return existsSync(log) ? (await readFile(log, 'utf8')).split('Kafka Server started').length - 1 : 0
}

/**
 * Writes the node's properties and key store, formats its storage at the first time, and gives the command to run.
 * Idempotent; the node must not be running.
 * @throws MillraceError `disk` when the folder cannot be written or holds the data of another cluster or node
 */
export async function prepareNode(spec: NodeSpec): Promise<Command> {
  await privateFolder(spec.dir)
  if (spec.reserveMiB !== undefined) await releaseReserve(spec.dir, spec.reserveMiB)
  const [cert, key] = await Promise.all([readFile(spec.tls.cert, 'utf8'), readFile(spec.tls.key, 'utf8')])
  await writeSecret(join(spec.dir, 'keystore.pem'), `${key}${cert}`)
  const file = join(spec.dir, 'server.properties')
  await writeSecret(file, propertiesText(serverProperties(spec)))
  await formatOnce(spec, file)
  return javaCommand({
    mainClass: 'kafka.Kafka',
    args: [file],
    heapMiB: spec.heapMiB ?? 512,
    dir: spec.dir,
    log: 'broker.log',
    flags: [...(await archiveFlags()), ...(spec.jvmFlags ?? [])],
  })
}

/** Java properties; Kafka reads them as ISO 8859-1, so backslashes are escaped and the rest must be ASCII. */
export function propertiesText(properties: Readonly<Record<string, string>>): string {
  return Object.entries(properties)
    .map(([name, value]) => `${name}=${value.replaceAll('\\', '\\\\')}\n`)
    .join('')
}

async function formatOnce(spec: NodeSpec, file: string): Promise<void> {
  const meta = join(spec.dir, 'data', 'meta.properties')
  if (existsSync(meta)) return checkMeta(spec, await readFile(meta, 'utf8'))
  const controllers = spec.nodes
    .map(n => `${n.nodeId}@${n.address}:${n.controllerPort}:${directoryIdOf(spec.clusterId, n.nodeId)}`)
    .join(',')
  const { command, args, env, cwd } = await javaCommand({
    mainClass: 'kafka.tools.StorageTool',
    args: ['format', '-c', file, '-t', spec.clusterId, '--initial-controllers', controllers],
    heapMiB: 128,
    dir: spec.dir,
    log: 'format.log',
    flags: [...(await archiveFlags()), ...shortLived],
  })
  try {
    await run(command, args, { env: { ...process.env, ...env }, cwd })
  } catch (thrown) {
    const absent = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    throw absent
      ? new MillraceError('missing-tool', 'Java is not installed', {
          hint: 'apt-get install openjdk-17-jre-headless',
        })
      : coded(thrown, 'disk', `cannot format the storage of broker ${spec.nodeId} in ${spec.dir}`)
  }
}

function checkMeta(spec: NodeSpec, meta: string): void {
  const found = Object.fromEntries(meta.split('\n').map(line => line.split('=') as [string, string?]))
  if (found['cluster.id'] === spec.clusterId && found['node.id'] === String(spec.nodeId)) return
  throw new MillraceError(
    'disk',
    `${spec.dir} holds node ${found['node.id']} of another cluster (${found['cluster.id']}), not node ${spec.nodeId}`,
    { hint: 'Give this plant another state folder, or move the old one away' },
  )
}

/** Kafka refuses ids that begin with a dash on its command line. */
function uuidOf(text: string): string {
  const id = createHash('sha256').update(text).digest().subarray(0, 16).toString('base64url')
  return id.startsWith('-') ? uuidOf(`${text} `) : id
}
