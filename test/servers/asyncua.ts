import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../free-ports.ts'
import { python } from '../needs.ts'

export type NodeSpec = {
  nodeId: string
  type: string
  value: unknown
  writable?: boolean
}

export type Setting = {
  nodeId: string
  value?: unknown
  status?: number
  sourceMicros?: number
  sourcePicoseconds?: number
  serverMicros?: number
}

export type AsyncuaOptions = {
  /** `None`, `Basic256Sha256_SignAndEncrypt`, ... as asyncua names them */
  policies?: string[]
  /** name → password; with any, nobody is let in anonymously */
  users?: Record<string, string>
  maxSessions?: number
}

/** An asyncua server in a process of its own, driven over its standard input and output. */
export class Asyncua {
  readonly port: number
  readonly #dir: string
  readonly #options: AsyncuaOptions
  #process: ChildProcess | undefined
  #pending = new Map<number, { resolve(result: unknown): void; reject(error: Error): void }>()
  #nextId = 1

  private constructor(port: number, dir: string, options: AsyncuaOptions) {
    this.port = port
    this.#dir = dir
    this.#options = options
  }

  static async start(options: AsyncuaOptions = {}): Promise<Asyncua> {
    const dir = await mkdtemp(join(tmpdir(), 'millrace-asyncua-'))
    const server = new Asyncua(await freePort(), dir, options)
    await server.spawn()
    return server
  }

  get endpoint(): string {
    return `opc.tcp://127.0.0.1:${this.port}/test`
  }

  /** The server's application certificate, DER. */
  certificate(): Promise<Buffer> {
    return readFile(join(this.#dir, 'server.der'))
  }

  /** Starts the process; again after kill(), on the same port and with the same certificate, but without nodes. */
  async spawn(): Promise<void> {
    const { policies = ['Basic256Sha256_SignAndEncrypt'], users = {}, maxSessions = 1000 } = this.#options
    const script = join(import.meta.dirname, 'asyncua_server.py')
    const args = ['--port', `${this.port}`, '--certs', this.#dir, '--policies', policies.join(',')]
    args.push('--users', JSON.stringify(users), '--max-sessions', `${maxSessions}`)
    const child = spawn(python, [script, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    this.#process = child
    const ready = Promise.withResolvers<void>()
    createInterface({ input: child.stdout }).on('line', line => {
      const message = JSON.parse(line) as { ready?: true; id: number; result?: unknown; error?: string }
      if (message.ready) ready.resolve()
      else this.#settle(message)
    })
    child.on('exit', code => {
      const gone = new Error(`asyncua ended with ${code}`)
      ready.reject(gone)
      for (const { reject } of this.#pending.values()) reject(gone)
      this.#pending.clear()
    })
    await ready.promise
  }

  async kill(): Promise<void> {
    await this.#end(child => child.kill('SIGKILL'))
  }

  async stop(): Promise<void> {
    await this.#end(child => child.stdin?.end())
    await rm(this.#dir, { recursive: true, force: true })
  }

  add(nodes: NodeSpec[]): Promise<unknown> {
    return this.#call('add', { nodes })
  }

  set(...sets: Setting[]): Promise<unknown> {
    return this.#call('set', { sets })
  }

  /** Writes 1 ... count to every node, one round each interval; resolves after the last. */
  count(nodeIds: string[], count: number, intervalMs: number, fromMicros: number): Promise<unknown> {
    return this.#call('count', { nodeIds, count, intervalMs, fromMicros })
  }

  structure(nodeId: string): Promise<unknown> {
    return this.#call('structure', { nodeId })
  }

  /** Only clients with these certificates (SHA-1 of the DER, hexadecimal) get a session from now on; null: all. */
  trustClients(sha1: string[] | null): Promise<unknown> {
    return this.#call('trust', { sha1 })
  }

  /** Lets the user with this certificate in (SHA-1 of the DER, hexadecimal), where users have to log in. */
  allowUser(sha1: string): Promise<unknown> {
    return this.#call('user', { sha1 })
  }

  read(nodeId: string): Promise<{ value: unknown; type: string }> {
    return this.#call('read', { nodeId }) as Promise<{ value: unknown; type: string }>
  }

  /** Notification messages that the server keeps because they are not acknowledged. */
  async unacknowledged(): Promise<number> {
    return ((await this.#call('unacknowledged', {})) as { messages: number }).messages
  }

  async sessions(): Promise<number> {
    return ((await this.#call('sessions', {})) as { sessions: number }).sessions
  }

  #call(op: string, command: object): Promise<unknown> {
    const id = this.#nextId++
    const { promise, resolve, reject } = Promise.withResolvers<unknown>()
    this.#pending.set(id, { resolve, reject })
    this.#process?.stdin?.write(`${JSON.stringify({ id, op, ...command })}\n`)
    return promise
  }

  #settle({ id, result, error }: { id: number; result?: unknown; error?: string }): void {
    const waiting = this.#pending.get(id)
    this.#pending.delete(id)
    if (error === undefined) waiting?.resolve(result)
    else waiting?.reject(new Error(error))
  }

  async #end(how: (child: ChildProcess) => void): Promise<void> {
    const child = this.#process
    if (!child || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    how(child)
    await exited
  }
}
