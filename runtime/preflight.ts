import { execFile } from 'node:child_process'
import { mkdirSync, readFileSync } from 'node:fs'
import { statfs } from 'node:fs/promises'
import { promisify } from 'node:util'
import { MillraceError } from '../model/index.ts'

const run = promisify(execFile)

/** What a whole plant on one machine needs. */
export type Needs = { readonly stateDir: string; readonly memoryMiB: number; readonly diskMiB: number }

/** @throws MillraceError `missing-tool` or `resources`: one clear line each, before anything is started */
export async function preflight({ stateDir, memoryMiB, diskMiB }: Needs): Promise<void> {
  await requireJava()
  const available = Number(/MemAvailable:\s+(\d+) kB/.exec(readFileSync('/proc/meminfo', 'utf8'))?.[1]) / 1024
  if (available < memoryMiB) {
    throw new MillraceError(
      'resources',
      `${Math.round(available)} MiB of memory are free, ${memoryMiB} are needed`,
      {
        hint: 'Close something, or start the small plant with --brokers 1',
      },
    )
  }
  mkdirSync(stateDir, { recursive: true, mode: 0o700 })
  const { bavail, bsize } = await statfs(stateDir)
  const free = (bavail * bsize) / 2 ** 20
  if (free < diskMiB) {
    throw new MillraceError(
      'resources',
      `${Math.round(free)} MiB are free in ${stateDir}, ${diskMiB} are needed`,
      {
        hint: 'Free some space, or name another folder with --state',
      },
    )
  }
}

async function requireJava(): Promise<void> {
  const said = await run('java', ['-version']).then(
    ({ stdout, stderr }) => stdout + stderr,
    () => '',
  )
  const version = Number(/version "(\d+)/.exec(said)?.[1] ?? 0)
  if (version >= 17) return
  throw new MillraceError('missing-tool', `Java 17 or newer is needed, ${version || 'none'} found`, {
    hint: 'apt-get install openjdk-17-jre-headless',
  })
}
