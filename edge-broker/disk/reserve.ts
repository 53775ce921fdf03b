/**
 * Space in a broker's folder that is taken while there is enough, and given back when its disk is full: a broker that
 * died of a full disk needs some to start again, and only a broker that runs can remove records.
 */
import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { rm, statfs } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const fileIn = (dir: string) => join(dir, 'reserve')

/** To be called while the broker does not run: gives the reserve back where less than it is free. */
export async function releaseReserve(dir: string, reserveMiB: number): Promise<boolean> {
  if (!existsSync(fileIn(dir)) || (await freeMiB(dir)) >= reserveMiB) return false
  await rm(fileIn(dir), { force: true })
  return true
}

/** Takes it where twice as much is left free, unless it is there. Best effort: whoever calls does so again. */
export async function takeReserve(dir: string, reserveMiB: number): Promise<void> {
  if (existsSync(fileIn(dir)) || (await freeMiB(dir)) < 3 * reserveMiB) return
  try {
    await run('fallocate', ['--length', `${reserveMiB}MiB`, fileIn(dir)])
  } catch {
    await rm(fileIn(dir), { force: true }) // filled up meanwhile, or a file system that cannot
  }
}

async function freeMiB(dir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dir)
  return (bavail * bsize) / 2 ** 20
}
