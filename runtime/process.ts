import { type ChildProcess, spawn } from 'node:child_process'
import { coded, MillraceError } from '../model/index.ts'
import { openLogFile } from './log-file.ts'

/** What to run, and how to tell that it is ready. */
export type Program = {
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
}

export type ProcessOptions = {
  /** As people know it: `p1/broker`. */
  readonly name: string
  /** Asked again at every (re)start. */
  readonly program: () => Promise<Program>
  readonly logFile: string
  /** Whether it is a Node program that says so when it does its work; see `ready()`. */
  readonly announces?: boolean
  /** How long it may take to end after SIGTERM before it is killed. */
  readonly graceMs?: number
}

export type SupervisedProcess = {
  readonly name: string
  readonly pid: number | undefined
  /** undefined while it has not crashed since the start */
  readonly lastExit: string | undefined
  readonly restarts: number
  start(): Promise<void>
  /**
   * The first message of a program that announces itself.
   * @throws MillraceError `timeout`, or `internal` when it ends before
   */
  ready(timeoutMs: number): Promise<Record<string, unknown>>
  /** Ends it, so that it is started again. */
  restart(): void
  /** Ends it, by force after the grace, and does not start it again. */
  stop(): Promise<void>
}

/**
 * One child, restarted with back-off when it ends by itself. It is in a session of its own, so that a terminal's Ctrl-C
 * reaches only the supervisor, which stops things in order; and the kernel sends it SIGTERM when the supervisor dies,
 * whatever way that was (prctl PR_SET_PDEATHSIG, through setpriv).
 */
export function superviseProcess(options: ProcessOptions): SupervisedProcess {
  const { name, program, logFile, announces = false, graceMs = 20_000 } = options
  let child: ChildProcess | undefined
  let stopping = false
  let restarts = 0
  let lastExit: string | undefined
  let retry: NodeJS.Timeout | undefined
  const announced = Promise.withResolvers<Record<string, unknown>>()
  announced.promise.catch(() => {}) // nobody may be waiting any more

  const launch = async (): Promise<void> => {
    const { command, args, env, cwd } = await program()
    if (stopping) return
    const log = openLogFile(logFile)
    const started = Date.now()
    const born = spawn('setpriv', ['--pdeathsig', 'TERM', command, ...args], {
      cwd,
      env: { ...process.env, ...env },
      detached: true,
      stdio: ['ignore', 'pipe', 'pipe', ...(announces ? ['ipc' as const] : [])],
    })
    child = born
    born.stdout?.on('data', log.write)
    born.stderr?.on('data', log.write)
    born.on('message', message => announced.resolve(message as Record<string, unknown>))
    let failure: string | undefined
    born.on('error', error => {
      failure = error.message
    })
    // Follows an error, too, when nothing could be spawned.
    born.on('close', (code, signal) => {
      log.close()
      child = undefined
      ended(started, born.pid === undefined ? `${failure}` : (signal ?? `exit ${code}`))
    })
  }

  const ended = (started: number, why: string): void => {
    if (stopping) return
    lastExit = why
    restarts = Date.now() - started > 60_000 ? 1 : restarts + 1
    announced.reject(
      new MillraceError('internal', `${name} ended before it was ready (${why})`, { hint: `See ${logFile}` }),
    )
    retry = setTimeout(() => void relaunch(), Math.min(500 * 2 ** Math.min(restarts - 1, 6), 15_000))
  }

  const relaunch = async (): Promise<void> => {
    const started = Date.now()
    try {
      await launch()
    } catch (thrown) {
      ended(started, coded(thrown, 'internal', 'it cannot be prepared').explanation)
    }
  }

  return {
    name,
    get pid() {
      return child?.pid
    },
    get lastExit() {
      return lastExit
    },
    get restarts() {
      return restarts
    },
    start: launch,
    async ready(timeoutMs) {
      const late = new MillraceError('timeout', `${name} was not ready after ${timeoutMs / 1000} s`, {
        hint: `See ${logFile}`,
      })
      const timer = setTimeout(() => announced.reject(late), timeoutMs)
      return announced.promise.finally(() => clearTimeout(timer))
    },
    restart() {
      child?.kill('SIGTERM')
    },
    async stop() {
      stopping = true
      clearTimeout(retry)
      const running = child
      if (!running) return
      const closed = new Promise<void>(done => running.once('close', () => done()))
      running.kill('SIGTERM')
      const force = setTimeout(() => running.kill('SIGKILL'), graceMs)
      await closed
      clearTimeout(force)
    },
  }
}
