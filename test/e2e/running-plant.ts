import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { vi } from 'vitest'
import type { PlantStatus } from '../../board/index.ts'
import { projectRoot } from '../needs.ts'

const run = promisify(execFile)
const millrace = join(projectRoot, 'runtime', 'millrace.ts')

/** Brokers that live for minutes are not worth the second compiler. */
const briefJava = { JDK_JAVA_OPTIONS: '-XX:TieredStopAtLevel=1' }

/** A plant started by the product's own command, in a state folder of its own. */
export type RunningPlant = {
  readonly process: ChildProcess
  readonly stateDir: string
  /** What the command said so far, progress and errors. */
  said(): string
  /** Any other `millrace` command on this plant. */
  millrace(...args: string[]): Promise<{ stdout: string; code: number }>
  /** As its board answers: cheaper than a command. */
  status(): Promise<PlantStatus>
  /** Everything that runs out of the state folder. */
  processes(): Found[]
  /** The broker's Java process on a server. */
  brokerPid(server: string): number
  /** Ctrl-C; resolves with the exit code when the command has ended. */
  interrupt(): Promise<number | null>
  /** Ends it by whatever it takes, and removes the folder. */
  dispose(): Promise<void>
}

export type Found = { readonly pid: number; readonly command: string }

export type StartOptions = {
  /** A folder that may have been used before; left out: a new one. */
  readonly stateDir?: string
  /** Left out: the demo plant. */
  readonly plantDir?: string
  /** Through `npm start`, as a user would. */
  readonly npm?: boolean
  readonly args?: readonly string[]
}

/** Resolves at the first status, which comes once everything is up. Rejects with what it said when it ends before. */
export async function startPlant(options: StartOptions = {}): Promise<RunningPlant> {
  const stateDir = options.stateDir ?? (await mkdtemp(join(tmpdir(), 'millrace-plant-')))
  const at = [...(options.plantDir ? ['--plant', options.plantDir] : []), '--state', stateDir]
  const args = [...at, '--json', ...(options.args ?? [])]
  const command = options.npm ? 'npm' : process.execPath
  const child = spawn(
    command,
    options.npm ? ['start', '--silent', '--', ...args] : [millrace, 'start', ...args],
    { cwd: projectRoot, stdio: ['ignore', 'pipe', 'pipe'], env: { ...process.env, ...briefJava } },
  )
  let said = ''
  child.stderr.on('data', chunk => {
    said += chunk
  })
  const up = Promise.withResolvers<PlantStatus>()
  createInterface(child.stdout).on('line', line => {
    if (line.startsWith('{')) up.resolve(JSON.parse(line) as PlantStatus)
    else said += `${line}\n`
  })
  const ended = new Promise<number | null>(resolve => child.once('close', resolve))
  void ended.then(code => up.reject(new Error(`the plant ended with ${code}:\n${said}`)))
  const plant: RunningPlant = {
    process: child,
    stateDir,
    said: () => said,
    millrace: (command, ...args) => runMillrace([command!, ...args, ...at]),
    async status() {
      const { board } = await up.promise
      return (await fetch(`${board.url}/api/status`)).json() as Promise<PlantStatus>
    },
    processes: () => processesNaming(stateDir),
    brokerPid(server) {
      const file = join(stateDir, 'servers', server, 'broker', 'server.properties')
      const found = processesNaming(file)
      if (found.length !== 1) throw new Error(`${found.length} processes run ${file}`)
      return found[0]!.pid
    },
    async interrupt() {
      child.kill('SIGINT')
      return ended
    },
    async dispose() {
      child.kill('SIGTERM')
      await ended
      await gone(stateDir)
      await rm(stateDir, { recursive: true, force: true, maxRetries: 5 })
    },
  }
  try {
    await up.promise
  } catch (error) {
    await plant.dispose()
    throw error
  }
  return plant
}

/** Any `millrace` command; what it printed to both streams when it did not end with 0. */
export async function runMillrace(args: readonly string[], env: Record<string, string> = {}) {
  const options = { maxBuffer: 1 << 28, env: { ...process.env, ...env } }
  return run(process.execPath, [millrace, ...args], options).then(
    ({ stdout }) => ({ stdout, code: 0 }),
    (error: { stdout: string; stderr: string; code: number }) => ({
      stdout: error.stdout + (error.code === 3 ? '' : error.stderr),
      code: error.code,
    }),
  )
}

/** Resolves when no process names the folder any more. */
export async function gone(stateDir: string, timeoutMs = 60_000): Promise<void> {
  await vi.waitFor(
    () => {
      const left = processesNaming(stateDir)
      if (left.length > 0) throw new Error(`still running: ${left.map(({ command }) => command).join('\n')}`)
    },
    { timeout: timeoutMs, interval: 250 },
  )
}

/** Every process whose command line names the text, but for this one. */
export function processesNaming(text: string): Found[] {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name) && Number(name) !== process.pid)
    .map(name => ({ pid: Number(name), command: commandLine(name) }))
    .filter(({ command }) => command.includes(text))
}

function commandLine(pid: string): string {
  try {
    return existsSync(`/proc/${pid}`)
      ? readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ')
      : ''
  } catch {
    return '' // ended meanwhile
  }
}
