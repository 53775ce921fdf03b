/** libsnap7's server and client as child processes: the foreign counterparts of the S7 connector and server. */
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../free-ports.ts'
import { type Driven, drive } from './driven.ts'

export type AreaName = 'DB' | 'MK' | 'PE' | 'PA' | 'TM' | 'CT'
export type Setting = { number: number; offset: number; hex: string; area?: AreaName }

export type Snap7Server = {
  readonly port: number
  register(number: number, size: number, area?: AreaName): Promise<void>
  unregister(number: number, area?: AreaName): Promise<void>
  /** All at once: no client sees one block half changed. */
  set(...sets: Setting[]): Promise<void>
  get(number: number, offset: number, size: number): Promise<Buffer>
  /** Encodes with libsnap7's Python: `put(1, 'real', 8, 0.1)` is `snap7.util.set_real(block, 8, 0.1)`. */
  put(number: number, type: string, ...args: (number | string | boolean)[]): Promise<void>
  /** Decodes with it, as text. */
  show(number: number, type: string, ...args: number[]): Promise<string>
  /** How often clients have read every byte of the data block since the last set (or put) of any of it, at least. */
  reads(number: number): Promise<number>
  /** Resolves once they have so many times. */
  read(number: number, times: number): Promise<void>
  clients(): Promise<number>
  /** SIGKILL. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** libsnap7 tells of reads only when asked. */
const pollMs = 20

/** Listens on 127.0.0.1 with these data blocks (number to size in bytes, all zero). */
export async function startSnap7(blocks: Record<number, number>, port?: number): Promise<Snap7Server> {
  const driven = drive('snap7_server.py')
  const listening = port ?? (await freePort())
  const register = async (number: number, size: number, area: AreaName = 'DB') => {
    await driven.command({ op: 'register', area, number, size })
  }
  const reads = async (number: number) =>
    (await driven.command<{ reads: number }>({ op: 'reads', number })).reads
  for (const [number, size] of Object.entries(blocks)) await register(Number(number), size)
  await driven.command({ op: 'start', port: listening })
  return {
    port: listening,
    register,
    async unregister(number, area = 'DB') {
      await driven.command({ op: 'unregister', area, number })
    },
    async set(...sets) {
      await driven.command({ op: 'set', sets })
    },
    async get(number, offset, size) {
      const { hex } = await driven.command<{ hex: string }>({ op: 'get', number, offset, size })
      return Buffer.from(hex, 'hex')
    },
    async put(number, type, ...args) {
      await driven.command({ op: 'put', number, type, args })
    },
    async show(number, type, ...args) {
      return (await driven.command<{ text: string }>({ op: 'show', number, type, args })).text
    },
    reads,
    async read(number, times) {
      while ((await reads(number)) < times) await sleep(pollMs)
    },
    async clients() {
      return (await driven.command<{ clients: number }>({ op: 'clients' })).clients
    },
    async kill() {
      driven.process.kill('SIGKILL')
      await driven.end()
    },
    stop: () => driven.end(),
  }
}

export type Snap7Client = Pick<Driven, 'command' | 'end'>

/** A client process, not yet connected; commands as snap7_client.py tells. */
export function startSnap7Client(): Snap7Client {
  return drive('snap7_client.py')
}
