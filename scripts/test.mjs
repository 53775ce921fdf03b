// `npm test`: prepares what the tests need, and runs all of them.

import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { main, prepareJars, preparePackages, python, requireJava, root, run, step } from './prepare.mjs'
import { closingLine, staticChecks, vitest } from './testing.mjs'

/** Debian packages by what tests call it. */
const debian = { kcat: 'kcat', chromium: 'chromium', mosquitto: 'mosquitto', promtool: 'prometheus' }

main(async () => {
  requireJava()
  await preparePackages()
  await prepareJars()
  const lacking = {
    ...(await preparePython()),
    ...(await prepareMilo()),
    ...(await prepareConnect()),
    ...(await prepareDebian()),
  }
  const dir = mkdtempSync(join(tmpdir(), 'millrace-preparation-'))
  try {
    const file = join(dir, 'preparation.json')
    writeFileSync(file, JSON.stringify(lacking))
    const checks = await staticChecks()
    return closingLine([checks, ...(await allTests({ MILLRACE_PREPARATION: file }))], mayLack)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
})

/**
 * Three lanes side by side, two of which hold their output back: tests of real plants wait as long as they work, and more lanes
 * would starve on two cores. What has to keep a time comes after. Arguments go to vitest, which then runs once.
 */
async function allTests(env) {
  const chosen = process.argv.slice(2)
  if (chosen.length > 0) return [await vitest(chosen, { env })]
  const lanes = await Promise.all([
    oneAfterTheOther(['plants'], { env }),
    oneAfterTheOther(['clusters'], { env, held: true }),
    oneAfterTheOther(['devices', 'chaos', 'unit'], { env, held: true }),
  ])
  return [...lanes.flat(), await vitest(['--project', 'alone'], { env })]
}

async function oneAfterTheOther(projects, options) {
  const counts = []
  for (const project of projects) counts.push(await vitest(['--project', project], options))
  return counts
}

const withSbin = { ...process.env, PATH: `${process.env.PATH}:/usr/sbin` }

/** In CI, which is root on a Debian with its registries, only recordings may be absent. */
const mayLack = reason => !process.env.CI || reason.startsWith('no recordings')

/** The foreign servers written in Python, in an environment of their own. */
async function preparePython() {
  const requirements = join(root, 'test', 'requirements.txt')
  const wanted = readFileSync(requirements, 'utf8')
  const stamp = join(root, '.venv', '.millrace-requirements')
  if (existsSync(python) && existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return {}
  try {
    await step('Python environment', async () => {
      await run('python3', ['-m', 'venv', join(root, '.venv')])
      await run(python, [
        '-m',
        'pip',
        'install',
        '--quiet',
        '--disable-pip-version-check',
        '-r',
        requirements,
      ])
    })
    writeFileSync(stamp, wanted)
    return {}
  } catch (error) {
    return { python: firstLine(error.message) }
  }
}

/** Eclipse Milo, a foreign OPC UA server, with its main class: compiled by a jar, since a JRE has no compiler. */
async function prepareMilo() {
  const dir = join(root, 'test', 'servers', 'milo')
  const [jars, classes, stamp] = ['jars', 'classes', 'classes/stamp'].map(name => join(dir, name))
  const wanted = ['pom.xml', 'Main.java'].map(name => readFileSync(join(dir, name), 'utf8')).join('')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return {}
  try {
    await step('Eclipse Milo', async () => {
      for (const old of [jars, classes]) rmSync(old, { recursive: true, force: true })
      await run('mvn', ['-q', '-B', '-f', join(dir, 'pom.xml'), 'dependency:copy-dependencies'])
      const compiler = 'org.eclipse.jdt.internal.compiler.batch.Main'
      const path = join(jars, '*')
      const classPath = readdirSync(jars)
        .map(jar => join(jars, jar))
        .join(delimiter)
      const options = ['-17', '-nowarn', '-cp', classPath, '-d', classes]
      await run('java', ['-cp', path, compiler, ...options, join(dir, 'Main.java')])
    })
    writeFileSync(stamp, wanted)
    return {}
  } catch (error) {
    return { milo: firstLine(error.message) }
  }
}

/** Kafka Connect's file sink, which is not part of what the plant runs. */
async function prepareConnect() {
  const dir = join(root, 'test', 'servers', 'connect-file')
  if (existsSync(join(dir, 'jars'))) return {}
  try {
    const pom = join(dir, 'pom.xml')
    await step('Kafka Connect file sink', () =>
      run('mvn', ['-q', '-B', '-f', pom, 'dependency:copy-dependencies']),
    )
    return {}
  } catch (error) {
    return { connectFile: firstLine(error.message) }
  }
}

async function prepareDebian() {
  const missing = Object.entries(debian).filter(
    ([program]) => spawnSync('which', [program], { env: withSbin }).status !== 0,
  )
  if (missing.length === 0) return {}
  const packages = missing.map(([, name]) => name)
  const told = reason => Object.fromEntries(missing.map(([program]) => [program, reason]))
  if (process.getuid?.() !== 0) return told(`apt-get install ${packages.join(' ')} needs root`)
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  try {
    await step(`apt-get install ${packages.join(' ')}`, async () => {
      await run('apt-get', ['update', '-qq'], { env })
      await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...packages], { env })
    })
    return {}
  } catch (error) {
    return told(firstLine(error.message))
  }
}

const firstLine = text => text.split('\n', 1)[0]
