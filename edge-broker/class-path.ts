import { existsSync } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { MillraceError } from '../model/index.ts'

/** The pom that names the Kafka distribution, and the folder its jars are copied to. */
export const pomFile = join(import.meta.dirname, 'pom.xml')
export const jarsDir = join(import.meta.dirname, 'jars')

/** Java's class path: every jar in a fixed order, because a class data archive is bound to it. */
export async function classPath(): Promise<string> {
  const jars = Object.keys(await jarSizes(jarsDir))
  if (jars.length === 0) {
    throw new MillraceError('missing-tool', `no Kafka jars in ${jarsDir}`, {
      hint: `Run: mvn -q -B -f ${pomFile} dependency:copy-dependencies`,
    })
  }
  return jars.map(jar => join(jarsDir, jar)).join(':')
}

/** Bytes by file name, sorted by name; empty without the folder. */
export async function jarSizes(dir: string): Promise<Record<string, number>> {
  const names = existsSync(dir) ? (await readdir(dir)).filter(name => name.endsWith('.jar')).sort() : []
  const entries = names.map(async name => [name, (await stat(join(dir, name))).size] as const)
  return Object.fromEntries(await Promise.all(entries))
}
