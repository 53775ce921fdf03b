import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { realpath, stat } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { classPath, jarsDir } from './class-path.ts'

/** What to spawn. `env` comes on top of the parent's own. */
export type Command = {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
}

export type JavaOptions = {
  readonly mainClass: string
  readonly args: readonly string[]
  readonly heapMiB: number
  /** Where it runs and logs. */
  readonly dir: string
  /** Name of the log file in `dir`. */
  readonly log: string
  readonly flags?: readonly string[]
}

const log4j = join(import.meta.dirname, 'log4j2.properties')

/** A Java program of the Kafka distribution. JAVA_HOME is honoured, else `java` in PATH. */
export async function javaCommand(options: JavaOptions): Promise<Command> {
  const { mainClass, args, heapMiB, dir, log, flags = [] } = options
  return {
    command: (await javaFile()) ?? 'java', // absent: whoever spawns it is told so
    args: [
      `-Xms${heapMiB}m`,
      `-Xmx${heapMiB}m`,
      '-XX:+ExitOnOutOfMemoryError',
      '-Djava.awt.headless=true',
      `-Dlog4j2.configurationFile=${log4j}`,
      `-Dmillrace.log=${join(dir, log)}`,
      ...flags,
      mainClass,
      ...args,
    ],
    env: { CLASSPATH: await classPath() },
    cwd: dir,
  }
}

/** For a program of whose classes there is an archive; empty when there is none for this Java. */
export async function archiveFlags(): Promise<string[]> {
  const file = await archiveFile()
  return file && existsSync(file) ? [`-XX:SharedArchiveFile=${file}`, '-Xlog:cds*=off'] : []
}

/** Where the archive of a broker's classes is. It fits one build of Java only; undefined without Java. */
export async function archiveFile(): Promise<string | undefined> {
  const java = await javaFile()
  if (!java) return undefined
  const { mtimeMs, size } = await stat(java)
  const build = createHash('sha256').update(`${java} ${mtimeMs} ${size}`).digest('hex')
  return join(jarsDir, `broker-${build.slice(0, 12)}.jsa`)
}

async function javaFile(): Promise<string | undefined> {
  const { JAVA_HOME, PATH = '' } = process.env
  const folders = JAVA_HOME ? [join(JAVA_HOME, 'bin')] : PATH.split(delimiter)
  const found = folders.map(dir => join(dir, 'java')).find(file => existsSync(file))
  return found && realpath(found)
}
