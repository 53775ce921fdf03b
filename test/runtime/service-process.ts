import { type ChildProcess, spawn } from 'node:child_process'
import { join } from 'node:path'
import type { ServiceName } from '../../config/plant.ts'
import { projectRoot } from '../needs.ts'

export type ServiceProcess = {
  /** What it has written to its outputs, over all starts. */
  said(): string
  start(): void
  signal(signal: NodeJS.Signals): void
  /** Resolves when the process has ended. */
  end(signal: NodeJS.Signals): Promise<void>
}

type Options = {
  readonly service: ServiceName
  readonly plantDir: string
  readonly serverFile: string
  /** Of Node itself. */
  readonly flags?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
}

/** A service as a process of its own, not started yet; it dies with whoever made it. */
export function serviceProcess(options: Options): ServiceProcess {
  const { service, plantDir, serverFile, flags = [], env = {} } = options
  const main = join(projectRoot, 'runtime', 'millrace.ts')
  const args = [...flags, main, 'service', service, '--plant', plantDir, '--server', serverFile]
  let child: ChildProcess | undefined
  let said = ''
  let ended = Promise.resolve()
  return {
    said: () => said,
    start() {
      const born = spawn('setpriv', ['--pdeathsig', 'KILL', process.execPath, ...args], {
        env: { ...process.env, ...env },
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      for (const stream of [born.stdout, born.stderr]) {
        stream.on('data', chunk => {
          said += chunk
        })
      }
      ended = new Promise(resolve => born.once('exit', () => resolve()))
      child = born
    },
    signal: signal => void child?.kill(signal),
    async end(signal) {
      child?.kill(signal)
      await ended
    },
  }
}
