/** A process that is measured: it takes a command a line, and gives an answer a line as JSON. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export class Spoken {
  readonly #child: ChildProcess
  readonly #waiting: { resolve(answer: unknown): void; reject(error: Error): void }[] = []
  readonly #ready = Promise.withResolvers<void>()

  constructor(command: string, args: readonly string[]) {
    this.#child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] })
    createInterface({ input: this.#child.stdout! }).on('line', line => {
      if (line === 'ready') this.#ready.resolve()
      else this.#waiting.shift()?.resolve(JSON.parse(line))
    })
    this.#child.on('exit', code => {
      const gone = new Error(`${command} ended with ${code}`)
      this.#ready.reject(gone)
      for (const { reject } of this.#waiting.splice(0)) reject(gone)
    })
  }

  ready(): Promise<void> {
    return this.#ready.promise
  }

  async ask<Answer>(command: string): Promise<Answer> {
    await this.#ready.promise
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#waiting.push({ resolve, reject })
    this.#child.stdin?.write(`${command}\n`)
    return (await promise) as Answer
  }

  async end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.stdin?.end()
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000)
    await exited
    clearTimeout(timer)
  }
}

/** A process of ours, profiled where MILLRACE_PROFILE names a folder. */
export function ours(script: string, ...args: string[]): Spoken {
  const profile = process.env.MILLRACE_PROFILE
  return new Spoken(process.execPath, [
    ...(profile ? ['--cpu-prof', `--cpu-prof-dir=${profile}`] : []),
    script,
    ...args,
  ])
}
