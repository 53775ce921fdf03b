// What `npm start`, `npm test` and `npm run check` need before the product's own code can run. No dependency, and only
// what Node 20 understands: this runs before `npm ci` has brought Node 24.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))
export const node = join(root, 'node_modules', '.bin', 'node')
export const python = join(root, '.venv', 'bin', 'python')

/** A reason to stop that a person can act on; shown as one line. */
export class Unprepared extends Error {}

/** Runs a step and shows its progress when it takes longer than a second. */
export async function step(label, work) {
  const started = Date.now()
  const seconds = () => `${Math.round((Date.now() - started) / 1000)} s`
  const live = process.stderr.isTTY
  const timer = setInterval(
    () =>
      process.stderr.write(
        live ? `\r\x1b[K  ${label} … ${seconds()}` : Date.now() - started < 1500 ? `  ${label} …\n` : '',
      ),
    1000,
  )
  try {
    return await work()
  } finally {
    clearInterval(timer)
    if (Date.now() - started > 1000)
      process.stderr.write(`${live ? '\r\x1b[K' : ''}  ${label}: done in ${seconds()}\n`)
  }
}

/** Runs a command to its end; what it printed is shown only when it fails. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'], ...options })
    let said = ''
    const keep = chunk => {
      said = (said + chunk).slice(-20_000)
    }
    child.stdout?.on('data', keep)
    child.stderr?.on('data', keep)
    child.on('error', error => reject(new Unprepared(`${command} cannot be run: ${error.message}`)))
    child.on('close', code => {
      if (code === 0) resolve(said)
      else reject(new Unprepared(`${command} ${args.join(' ')} failed (exit ${code}):\n${said.trim()}`))
    })
  })
}

/** `npm ci` where the lock file has changed since the last one. */
export async function preparePackages() {
  const lock = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  const stamp = join(root, 'node_modules', '.millrace-lock')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === lock && existsSync(node)) return
  await step('npm ci', () => run('npm', ['ci', '--no-fund', '--no-audit', '--loglevel=error']))
  if (!existsSync(node))
    throw new Unprepared('npm ci brought no Node 24 for this machine: Linux on x64 or arm64 is needed')
  writeFileSync(stamp, lock)
}

/** Java 17 or newer, and Maven unless its work is done already. */
export function requireJava() {
  const { stdout, stderr, error } = spawnSync('java', ['-version'], { encoding: 'utf8' })
  const version = Number(/version "(\d+)/.exec(`${stdout}${stderr}`)?.[1] ?? 0)
  if (error || version < 17) {
    throw new Unprepared(
      `Java 17 or newer is needed, ${error ? 'none' : version} found: apt-get install openjdk-17-jre-headless`,
    )
  }
  if (!existsSync(join(root, 'edge-broker', 'jars')) && spawnSync('mvn', ['-v']).error) {
    throw new Unprepared('Maven is needed to fetch the Kafka jars: apt-get install maven')
  }
}

/** The Kafka jars, through Maven, where they are not complete. Needs the packages. */
export async function prepareJars() {
  const fetch = `await (await import('${join(root, 'edge-broker', 'jars.ts')}')).installJars().catch(e => { console.error(e.explanation ?? e); process.exit(1) })`
  await step('Kafka jars', () => run(node, ['--input-type=module', '-e', fetch]))
}

/** Runs the main function of a script; what a person can act on becomes one line and exit code 1. */
export async function main(work) {
  try {
    process.exitCode = (await work()) ?? 0
  } catch (error) {
    console.error(error instanceof Unprepared ? error.message : error)
    process.exitCode = 1
  }
}
