/** pymodbus' server as a child process: the foreign counterpart of the Modbus connector. */
import { freePort } from '../free-ports.ts'
import { drive } from './driven.ts'

export type AreaName = 'coil' | 'discrete' | 'holding' | 'input'

export type PymodbusServer = {
  readonly port: number
  set(area: AreaName, address: number, values: readonly number[] | readonly boolean[]): Promise<void>
  get(area: AreaName, address: number, count: number): Promise<(number | boolean)[]>
  /** The registers that pymodbus makes of a value: type as `FLOAT32`, 64-bit integers as decimal text. */
  encode(type: string, value: number | string, wordOrder: 'big' | 'little'): Promise<number[]>
  /** Every read is refused with this exception code; 0: none is. */
  answerWith(exception: number): Promise<void>
  /** Every answer takes so long. */
  delay(seconds: number): Promise<void>
  clients(): Promise<number>
  /** [function, address, registers or words of 16 bits] of each request since the last time this was asked. */
  requests(): Promise<[number, number, number][]>
  /** SIGKILL. */
  kill(): Promise<void>
  stop(): Promise<void>
}

/** Listens on 127.0.0.1 with unit 1 as the script tells, everything zero. */
export async function startPymodbus(port?: number): Promise<PymodbusServer> {
  const driven = drive('pymodbus_server.py')
  const listening = port ?? (await freePort())
  await driven.command({ op: 'start', port: listening })
  return {
    port: listening,
    async set(area, address, values) {
      await driven.command({ op: 'set', area, address, values })
    },
    async get(area, address, count) {
      const command = { op: 'get', area, address, count }
      return (await driven.command<{ values: (number | boolean)[] }>(command)).values
    },
    async encode(type, value, wordOrder) {
      const command = { op: 'encode', type, value, wordOrder }
      return (await driven.command<{ registers: number[] }>(command)).registers
    },
    async answerWith(exception) {
      await driven.command({ op: 'answer', exception })
    },
    async delay(seconds) {
      await driven.command({ op: 'delay', seconds })
    },
    async clients() {
      return (await driven.command<{ clients: number }>({ op: 'clients' })).clients
    },
    async requests() {
      return (await driven.command<{ requests: [number, number, number][] }>({ op: 'requests' })).requests
    },
    async kill() {
      driven.process.kill('SIGKILL')
      await driven.end()
    },
    stop: () => driven.end(),
  }
}
