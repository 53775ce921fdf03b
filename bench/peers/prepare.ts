import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { coded } from '../../model/index.ts'

const dir = import.meta.dirname
const run = promisify(execFile)

/** Class path of the peers: fetched and compiled where pom or sources are others than last time. */
export async function peersClassPath(): Promise<string> {
  const [jars, classes] = ['jars', 'classes'].map(name => join(dir, name)) as [string, string]
  const stamp = join(classes, 'stamp')
  const wanted = ['pom.xml', 'Aggregate.java'].map(name => readFileSync(join(dir, name), 'utf8')).join('')
  if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
    try {
      await compiled(jars, classes)
      writeFileSync(stamp, wanted)
    } catch (thrown) {
      throw coded(thrown, 'missing-tool', 'Kafka Streams cannot be fetched and compiled', {
        hint: 'Java 17 and Maven are needed: apt-get install openjdk-17-jre-headless maven',
      })
    }
  }
  return [join(jars, '*'), classes].join(delimiter)
}

/** By a jar, since a JRE has no compiler. */
async function compiled(jars: string, classes: string): Promise<void> {
  for (const old of [jars, classes]) rmSync(old, { recursive: true, force: true })
  await run('mvn', ['-q', '-B', '-f', join(dir, 'pom.xml'), 'dependency:copy-dependencies'])
  const classPath = readdirSync(jars).map(jar => join(jars, jar))
  const compiler = 'org.eclipse.jdt.internal.compiler.batch.Main'
  const options = ['-17', '-nowarn', '-cp', classPath.join(delimiter), '-d', classes]
  await run('java', ['-cp', join(jars, '*'), compiler, ...options, join(dir, 'Aggregate.java')])
}
