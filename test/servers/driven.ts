/** Foreign servers and clients in Python as child processes, driven by one JSON command a line on their stdin. */
import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { python } from '../needs.ts'

/** Without compiled copies beside the scripts. */
const unlittered = { ...process.env, PYTHONDONTWRITEBYTECODE: '1' }
const here = (name: string) => fileURLToPath(new URL(name, import.meta.url))

type Answer = { error?: string; [key: string]: unknown }
export type Driven = {
  readonly process: ChildProcess
  /** Commands are answered in order. @throws Error what the script says of it, or that it has ended */
  command<T extends Answer>(command: object): Promise<T>
  end(): Promise<void>
}

/** Starts a script of this folder. */
export function drive(script: string): Driven {
  const child = spawn(python, [here(script)], { stdio: ['pipe', 'pipe', 'inherit'], env: unlittered })
  const waiting: PromiseWithResolvers<Answer>[] = []
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  createInterface(child.stdout).on('line', line => waiting.shift()?.resolve(JSON.parse(line) as Answer))
  child.stdin.on('error', () => {})
  void ended.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error(`${script} has ended`))
  })
  return {
    process: child,
    async command<T extends Answer>(command: object): Promise<T> {
      const answer = Promise.withResolvers<Answer>()
      waiting.push(answer)
      child.stdin.write(`${JSON.stringify(command)}\n`)
      const result = await answer.promise
      if (result.error !== undefined) throw new Error(result.error)
      return result as T
    },
    async end() {
      child.stdin.end()
      await ended
    },
  }
}
