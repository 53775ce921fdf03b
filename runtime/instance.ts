/** One plant runs once from one state folder. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { MillraceError } from '../model/index.ts'

/** What a running plant leaves for the other commands. */
export type Instance = { readonly pid: number; readonly startTime: string; readonly plantDir: string }

const fileIn = (stateDir: string) => join(stateDir, 'run', 'instance.json')

/** @throws MillraceError `port-taken` when the plant is running already */
export function claimInstance(stateDir: string, plantDir: string): () => void {
  const running = runningInstance(stateDir)
  if (running) {
    throw new MillraceError('port-taken', `this plant is already running (process ${running.pid})`, {
      hint: 'Look at it with: npx millrace status. Another plant, or a second one of this, needs --state DIR of its own',
    })
  }
  mkdirSync(join(stateDir, 'run'), { recursive: true, mode: 0o700 })
  const own: Instance = { pid: process.pid, startTime: startTimeOf(process.pid) ?? '', plantDir }
  writeFileSync(fileIn(stateDir), JSON.stringify(own), { mode: 0o600 })
  return () => rmSync(fileIn(stateDir), { force: true })
}

/** A pid alone may have been given to another process: its start time must match too. */
export function runningInstance(stateDir: string): Instance | undefined {
  try {
    const instance = JSON.parse(readFileSync(fileIn(stateDir), 'utf8')) as Instance
    return startTimeOf(instance.pid) === instance.startTime ? instance : undefined
  } catch {
    return undefined // no file, or one cut short: nothing runs
  }
}

/** Field 22 of /proc/<pid>/stat (proc(5)): clock ticks since boot. */
function startTimeOf(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  } catch {
    return undefined
  }
}
