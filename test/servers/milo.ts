import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../free-ports.ts'
import { miloDir } from '../needs.ts'

export type MiloOptions = {
  heapMb?: number
  /** Takes the time to compile what runs often, instead of starting quickly. */
  isCompiled?: boolean
}

/** An Eclipse Milo server in a process of its own, driven over its standard input and output. */
export class Milo {
  readonly port: number
  readonly #options: MiloOptions
  #process: ChildProcess | undefined
  /** Answers come in the order of the commands. */
  #waiting: { resolve(answer: string): void; reject(error: Error): void }[] = []

  private constructor(port: number, options: MiloOptions) {
    this.port = port
    this.#options = options
  }

  static async start(options: MiloOptions = {}): Promise<Milo> {
    const server = new Milo(await freePort(), options)
    await server.spawn()
    return server
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.port}/test`
  }

  /** Starts the process; again after kill(), on the same port, but without nodes. */
  async spawn(): Promise<void> {
    const classPath = [join(miloDir, 'jars', '*'), join(miloDir, 'classes')].join(':')
    const { heapMb = 512, isCompiled = false } = this.#options
    const quick = isCompiled ? [] : ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC']
    const args = [`-Xmx${heapMb}m`, ...quick, '-cp', classPath, 'Main', `${this.port}`]
    const child = spawn('java', args, { stdio: ['pipe', 'pipe', 'inherit'] })
    this.#process = child
    const ready = Promise.withResolvers<void>()
    createInterface({ input: child.stdout }).on('line', line => {
      if (line === 'ready') ready.resolve()
      else if (line.startsWith('ok')) this.#waiting.shift()?.resolve(line.slice(3))
      else this.#waiting.shift()?.reject(new Error(line))
    })
    child.on('exit', code => {
      const gone = new Error(`Milo ended with ${code}`)
      ready.reject(gone)
      for (const { reject } of this.#waiting.splice(0)) reject(gone)
    })
    await ready.promise
  }

  /** A writable Double, `ns=1;s=NAME`, below Objects. */
  add(name: string, value: number): Promise<string> {
    return this.#call(`add ${name} ${value}`)
  }

  set(name: string, value: number, sourceMicros: number): Promise<string> {
    return this.#call(`set ${name} ${value} ${sourceMicros}`)
  }

  /** Sets n0 ... n(nodes - 1) to 1 ... rounds, one round each interval; resolves after the last. */
  count(rounds: number, intervalMs: number, fromMicros: number, nodes: number): Promise<string> {
    return this.#call(`count ${rounds} ${intervalMs} ${fromMicros} ${nodes}`)
  }

  remove(name: string): Promise<string> {
    return this.#call(`remove ${name}`)
  }

  /** Fires an event of the Server object; `text` without spaces. */
  event(severity: number, text: string): Promise<string> {
    return this.#call(`event ${severity} ${text}`)
  }

  /** The server's application certificate, DER: another one after each spawn(). */
  async certificate(): Promise<Buffer> {
    return Buffer.from(await this.#call('certificate'), 'base64')
  }

  async sessions(): Promise<number> {
    return Number(await this.#call('sessions'))
  }

  async subscriptions(): Promise<number> {
    return Number(await this.#call('subscriptions'))
  }

  async kill(): Promise<void> {
    await this.#end(child => child.kill('SIGKILL'))
  }

  async stop(): Promise<void> {
    await this.#end(child => child.stdin?.end())
  }

  #call(command: string): Promise<string> {
    const { promise, resolve, reject } = Promise.withResolvers<string>()
    this.#waiting.push({ resolve, reject })
    this.#process?.stdin?.write(`${command}\n`)
    return promise
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    how(child)
    await exited
  }
}
