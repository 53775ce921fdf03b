import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'

export type Lines = {
  readonly process: ChildProcess
  /** The next line of its output, parsed; rejects when it ends before. */
  next<T>(): Promise<T>
  /** Sends one command and gives its answer. @throws Error the answer's `error` */
  ask<T extends object>(command: object): Promise<T & { error?: string }>
  /** Closes its input and resolves with its exit code once it has ended. */
  end(): Promise<number | null>
}

/** A child process that speaks one JSON value a line; its standard error is collected, and told when it ends too early. */
export function startLines(command: string, args: readonly string[]): Lines {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = once(child, 'exit')
  let complaint = ''
  child.stderr.on('data', chunk => {
    complaint += chunk
  })
  child.stdin.on('error', () => {})
  const next = async <T>(): Promise<T> => {
    const { value, done } = await lines.next()
    if (done) throw new Error(`${command} ended: ${complaint}`)
    return JSON.parse(value) as T
  }
  return {
    process: child,
    next,
    async ask<T extends object>(command: object) {
      child.stdin.write(`${JSON.stringify(command)}\n`)
      return next<T & { error?: string }>()
    },
    async end() {
      child.stdin.end()
      const [code] = (await ended) as [number | null]
      return code
    },
  }
}
