/** pysparkplug as a child process: the foreign edge node of the MQTT connector's Sparkplug B. */
import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { python } from '../needs.ts'

type Answer = { error?: string; commands?: string[] }

export type NodeMetric = {
  readonly name?: string
  readonly type: string
  readonly value?: unknown
  readonly alias?: number
  readonly timestamp?: number
  readonly historical?: boolean
}

export type EdgeNodeProcess = {
  /** Commands as sparkplug_node.py tells, answered in order. @throws Error what the script says of it */
  command(command: { readonly op: string; readonly [key: string]: unknown }): Promise<Answer>
  /** SIGKILL: its will speaks for it. */
  kill(): Promise<void>
  end(): Promise<void>
}

export function startEdgeNode(): EdgeNodeProcess {
  const script = fileURLToPath(new URL('sparkplug_node.py', import.meta.url))
  const child = spawn(python, [script], { stdio: ['pipe', 'pipe', 'inherit'] })
  const waiting: PromiseWithResolvers<Answer>[] = []
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()))
  createInterface(child.stdout).on('line', line => waiting.shift()?.resolve(JSON.parse(line) as Answer))
  child.stdin.on('error', () => {})
  void ended.then(() => {
    for (const { reject } of waiting.splice(0)) reject(new Error('the edge node has ended'))
  })
  return {
    async command(command) {
      const answer = Promise.withResolvers<Answer>()
      waiting.push(answer)
      child.stdin.write(`${JSON.stringify(command)}\n`)
      const result = await answer.promise
      if (result.error !== undefined) throw new Error(result.error)
      return result
    },
    async kill() {
      child.kill('SIGKILL')
      await ended
    },
    async end() {
      child.stdin.end()
      // paho's thread outlives its input.
      child.kill('SIGTERM')
      await ended
    },
  }
}
