import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { MillraceError } from '../model/index.ts'
import { makeArchive } from './archive.ts'
import { jarSizes, jarsDir, pomFile } from './class-path.ts'

type Stamp = { pom: string; jars: Record<string, number> }

const stampFile = 'stamp.json'
const run = promisify(execFile)

/** Whether there is what this pom asks for, each jar whole. Reads names and sizes only. */
async function jarsComplete(): Promise<boolean> {
  try {
    const stamp: Stamp = JSON.parse(await readFile(join(jarsDir, stampFile), 'utf8'))
    if (stamp.pom !== (await pomHash())) return false
    return JSON.stringify(stamp.jars) === JSON.stringify(await jarSizes(jarsDir))
  } catch {
    return false // absent or unreadable: incomplete
  }
}

/**
 * Fetches the jars through Maven (about 10 s, 55 MB) and makes their class archive (about 8 s), each unless it is there.
 * Two processes may do so at once: each fills a folder of its own, and the last one stays.
 * @throws MillraceError `missing-tool` without Maven, `unreachable` (transient) when Maven fails
 */
export async function installJars(): Promise<void> {
  if (!(await jarsComplete())) await fetchJars()
  await makeArchive()
}

async function fetchJars(): Promise<void> {
  const draft = `${jarsDir}.${process.pid}`
  try {
    await copyDependencies(draft)
    const stamp: Stamp = { pom: await pomHash(), jars: await jarSizes(draft) }
    await writeFile(join(draft, stampFile), JSON.stringify(stamp))
    if (existsSync(jarsDir)) await rename(jarsDir, `${draft}.old`)
    await rename(draft, jarsDir)
  } finally {
    await rm(draft, { recursive: true, force: true })
    await rm(`${draft}.old`, { recursive: true, force: true })
  }
}

async function copyDependencies(dir: string): Promise<void> {
  try {
    await run('mvn', ['-q', '-B', '-f', pomFile, `-Djars=${dir}`, 'dependency:copy-dependencies'])
  } catch (thrown) {
    const absent = thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT'
    throw absent
      ? new MillraceError('missing-tool', 'Maven (mvn) is not installed', { hint: 'apt-get install maven' })
      : new MillraceError('unreachable', 'Maven could not fetch the Kafka jars', {
          transient: true,
          cause: thrown,
          hint: 'Check the network and ~/.m2/settings.xml (mirror, proxy)',
        })
  }
}

async function pomHash(): Promise<string> {
  return createHash('sha256')
    .update(await readFile(pomFile))
    .digest('hex')
}
