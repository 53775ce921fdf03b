import { parseAddress } from '../../connectors/s7/address.ts'
import { coded, MillraceError } from '../../model/index.ts'
import type { Device, DeviceOptions } from './device.ts'
import type { Change, DemoPlant } from './plant.ts'
import { brokenWire, s7BlockSizes, s7Layout, writeS7 } from './s7-layout.ts'
import { type S7Server, startS7Server } from './s7-server.ts'

/** The utilities' S7 controller: hydraulic pump and furnace in data blocks. @throws MillraceError `port-taken` */
export async function startS7Device({ plant, host, port }: DeviceOptions): Promise<Device> {
  const dataBlocks = new Map([...s7BlockSizes].map(([db, size]) => [db, Buffer.alloc(size)]))
  const server = await listen(host, port, dataBlocks)
  return new S7Device(plant, host, dataBlocks, server)
}

async function listen(host: string, port: number, dataBlocks: Map<number, Buffer>): Promise<S7Server> {
  try {
    return await startS7Server({ host, port, dataBlocks })
  } catch (error) {
    throw coded(error, 'port-taken', `The S7 server cannot listen on ${host}:${port}`)
  }
}

const points = s7Layout.map(point => ({ ...point, location: parseAddress(point.address) }))

class S7Device implements Device {
  readonly endpoint: string
  readonly #plant: DemoPlant
  readonly #host: string
  readonly #port: number
  readonly #dataBlocks: Map<number, Buffer>
  readonly #broken = new Map<string, number>()
  #server: S7Server | undefined

  constructor(plant: DemoPlant, host: string, dataBlocks: Map<number, Buffer>, server: S7Server) {
    this.#plant = plant
    this.#host = host
    this.#port = server.port
    this.#dataBlocks = dataBlocks
    this.#server = server
    this.endpoint = `s7://${host}:${server.port}`
    this.publish(0, { readings: true, blocks: [] })
  }

  publish(_at: number, change: Change): void {
    if (!change.readings) return
    for (const { address, location, read } of points) {
      const value = this.#broken.get(address) ?? read(this.#plant)
      writeS7(this.#dataBlocks.get(location.db)!, location, value)
    }
  }

  async unplug(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    await server?.close()
  }

  async plug(): Promise<void> {
    this.#server ??= await listen(this.#host, this.#port, this.#dataBlocks)
  }

  breakSensor(point: string, status: string | null): void {
    const known = points.find(({ address }) => address === point)
    if (!known) throw new MillraceError('bad-address', `The utilities have no "${point}"`)
    if (status === null) this.#broken.delete(point)
    else this.#broken.set(point, brokenWire(known.location, point))
  }

  trust(): Promise<void> {
    return Promise.reject(new MillraceError('unsupported', 'S7 has no certificates'))
  }

  close(): Promise<void> {
    return this.unplug()
  }
}
