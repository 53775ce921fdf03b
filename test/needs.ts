import { existsSync, readFileSync } from 'node:fs'
import { delimiter, join, resolve } from 'node:path'
import type { TestContext } from 'vitest'

export const projectRoot = resolve(import.meta.dirname, '..')
export const python = join(projectRoot, '.venv', 'bin', 'python')

export const connectFileJars = join(projectRoot, 'test', 'servers', 'connect-file', 'jars')
export const miloDir = join(projectRoot, 'test', 'servers', 'milo')

/** Public recordings to measure on; never part of the project. */
export const recordings = resolve(projectRoot, process.env.MILLRACE_DATA ?? '../shared/data')

const onPath = (program: string) =>
  [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin'].some(dir => existsSync(join(dir, program)))

/** What a test may need that a machine may lack: why it cannot run, or undefined. `npm test` prepares what it can. */
const lacks = {
  recordings: () =>
    existsSync(join(recordings, 'README.md')) ? undefined : `no recordings in ${recordings} (MILLRACE_DATA)`,
  kcat: () => (onPath('kcat') ? undefined : 'kcat is not installed'),
  mosquitto: () => (onPath('mosquitto') ? undefined : 'mosquitto is not installed'),
  promtool: () => (onPath('promtool') ? undefined : 'promtool is not installed'),
  milo: () =>
    existsSync(join(miloDir, 'classes', 'Main.class'))
      ? undefined
      : 'Eclipse Milo is not fetched and compiled',
  connectFile: () => (existsSync(connectFileJars) ? undefined : "Kafka Connect's file sink is not fetched"),
  chromium: () => (onPath('chromium') ? undefined : 'chromium is not installed'),
  mount: () =>
    process.getuid?.() === 0 && onPath('mount') ? undefined : 'only root may mount a small file system',
  python: () =>
    existsSync(python) ? undefined : 'no Python environment with the servers of test/requirements.txt',
} satisfies Record<string, () => string | undefined>

export type Need = keyof typeof lacks

/** Why the machine cannot run what wants these, with what preparing found out; undefined where it can. */
export function lack(...wanted: readonly Need[]): string | undefined {
  const need = wanted.find(need => lacks[need]() !== undefined)
  return need && [lacks[need](), preparation()[need]].filter(Boolean).join(': ')
}

/** Skips the test, with the reason, where the machine lacks something. */
export function needs(context: TestContext, ...wanted: readonly Need[]): void {
  const reason = lack(...wanted)
  if (reason) context.skip(reason)
}

/** Why `npm test` could not prepare something, by need; empty when tests are run by hand. */
function preparation(): Partial<Record<Need, string>> {
  const file = process.env.MILLRACE_PREPARATION
  return file && existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : {}
}
