/** Eclipse Mosquitto as a child process: the foreign broker of the MQTT connector. */
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-ports.ts'

export type Mosquitto = {
  readonly port: number
  /** Its folder: configuration, database, certificates. */
  readonly dir: string
  /** SIGKILL. */
  kill(): Promise<void>
  /** SIGTERM, after which it has written its database. */
  terminate(): Promise<void>
  /** Starts it again on the same port, with what it has kept. */
  restart(): Promise<void>
  /** Ends it and removes its folder. */
  stop(): Promise<void>
}

export type MosquittoOptions = {
  /** Lines of mosquitto.conf beside port, address, access and persistence. */
  readonly lines?: readonly string[]
  /** Files to put beside it, by name; lines refer to them as `DIR/name`. */
  readonly files?: Readonly<Record<string, string>>
  readonly anonymous?: boolean
}

/** Listens on a free port of 127.0.0.1. */
export async function startMosquitto(options: MosquittoOptions = {}): Promise<Mosquitto> {
  const { lines = [], files = {}, anonymous = true } = options
  const dir = await mkdtemp(join(tmpdir(), 'millrace-mosquitto-'))
  const port = await freePort()
  const conf = [
    `listener ${port} 127.0.0.1`,
    `allow_anonymous ${anonymous}`,
    'persistence true',
    `persistence_location ${dir}/`,
    ...(process.getuid?.() === 0 ? ['user root'] : []),
    ...lines.map(line => line.replaceAll('DIR', dir)),
  ]
  for (const [name, content] of Object.entries(files))
    await writeFile(join(dir, name), content, { mode: 0o600 })
  await writeFile(join(dir, 'mosquitto.conf'), `${conf.join('\n')}\n`)
  let child = await launch(dir, port)
  const end = async (signal: NodeJS.Signals) => {
    if (child.exitCode !== null || child.signalCode !== null) return
    child.kill(signal)
    await once(child, 'exit')
  }
  return {
    port,
    dir,
    kill: () => end('SIGKILL'),
    terminate: () => end('SIGTERM'),
    async restart() {
      child = await launch(dir, port)
    },
    async stop() {
      await end('SIGTERM')
      await rm(dir, { recursive: true, force: true })
    },
  }
}

async function launch(dir: string, port: number): Promise<ChildProcess> {
  const path = `${process.env.PATH}:/usr/sbin`
  const child = spawn('mosquitto', ['-c', join(dir, 'mosquitto.conf')], {
    stdio: ['ignore', 'ignore', 'pipe'],
    env: { ...process.env, PATH: path },
  })
  let said = ''
  child.stderr?.on('data', chunk => {
    said = `${said}${chunk}`.slice(-2000)
  })
  while (!(await listens(port))) {
    if (child.exitCode !== null) throw new Error(`mosquitto ended with ${child.exitCode}: ${said}`)
  }
  return child
}

/** Resolves after a moment either way: asking again at once would be a busy loop. */
async function listens(port: number): Promise<boolean> {
  const socket = connect({ port, host: '127.0.0.1' })
  try {
    await once(socket, 'connect')
    return true
  } catch {
    await new Promise(resolve => setTimeout(resolve, 20))
    return false
  } finally {
    socket.destroy()
  }
}
