import { join } from 'node:path'
import { MillraceError } from '../../model/index.ts'
import type { Device } from './device.ts'
import type { Fault } from './fault.ts'
import { startOpcuaDevice } from './opcua-device.ts'
import { startPace } from './pace.ts'
import { DemoPlant } from './plant.ts'
import { startS7Device } from './s7-device.ts'

export type { Fault } from './fault.ts'

/** The sources of the demo plant: the presses' OPC UA server and the utilities' S7 controller. */
export const sourceNames = ['press', 'utilities'] as const
export type SourceName = (typeof sourceNames)[number]

export type SimulatorOptions = {
  seed: number
  /** Address to listen on. */
  host: string
  /** Left out: a free one. */
  ports?: Partial<Record<SourceName, number>>
  /** Left out: all. */
  sources?: readonly SourceName[]
  /** Folder for the OPC UA server's key, certificate and trust lists; made when empty. */
  opcuaPkiDir: string
  /** PEM or DER files. */
  trustedClientCertificates?: readonly string[]
  /** Offers OPC UA security mode None too; false when left out. */
  allowUnencrypted?: boolean
  /** Seconds of the plant a second; 1 when left out. Source timestamps run ahead with it. */
  speed?: number
}

export type Simulator = {
  /** By source name, as the option `endpoint` has it. */
  readonly endpoints: Readonly<Record<string, string>>
  /** PEM file of each source's server certificate, for clients to trust. */
  readonly certificates: Readonly<Record<string, string>>
  /** The truth behind the readings, for tests. */
  readonly plant: DemoPlant
  /** @throws MillraceError `bad-address` or `unsupported` for what the plant does not have */
  inject(fault: Fault): Promise<void>
  close(): Promise<void>
}

/**
 * Starts the plant and its servers on real sockets; resolves once they can be reached and show readings.
 * @throws MillraceError `port-taken` when a port is not free
 */
export async function startSimulator(options: SimulatorOptions): Promise<Simulator> {
  const plant = new DemoPlant(options.seed)
  const devices = await startDevices(plant, options)
  const pace = startPace(plant, options.speed ?? 1, (at, change) => {
    for (const device of devices.values()) device.publish(at, change)
  })
  return {
    endpoints: Object.fromEntries([...devices].map(([name, device]) => [name, device.endpoint])),
    certificates: Object.fromEntries(
      [...devices].flatMap(([name, { certificate }]) => (certificate ? [[name, certificate]] : [])),
    ),
    plant,
    inject: fault => inject(fault, plant, devices),
    async close() {
      pace.stop()
      await Promise.all([...devices.values()].map(device => device.close()))
    },
  }
}

async function startDevices(plant: DemoPlant, options: SimulatorOptions): Promise<Map<SourceName, Device>> {
  const start = {
    press: () =>
      startOpcuaDevice({
        ...address(plant, options, 'press'),
        pkiDir: join(options.opcuaPkiDir, 'press'),
        trustedClientCertificates: options.trustedClientCertificates ?? [],
        allowUnencrypted: options.allowUnencrypted ?? false,
      }),
    utilities: () => startS7Device(address(plant, options, 'utilities')),
  }
  const devices = new Map<SourceName, Device>()
  try {
    for (const name of options.sources ?? sourceNames) devices.set(name, await start[name]())
  } catch (error) {
    await Promise.all([...devices.values()].map(device => device.close()))
    throw error
  }
  return devices
}

function address(plant: DemoPlant, { host, ports }: SimulatorOptions, source: SourceName) {
  return { plant, host, port: ports?.[source] ?? 0 }
}

async function inject(fault: Fault, plant: DemoPlant, devices: ReadonlyMap<string, Device>): Promise<void> {
  switch (fault.fault) {
    case 'stop':
      return plant.machines[fault.machine].stop(fault.on)
    case 'wear':
      return plant.wearing[fault.machine].setWear(fault.perS)
    case 'repair':
      return plant.presses[fault.machine].repairBearing()
    case 'unplug':
      return fault.on ? device(devices, fault.source).unplug() : device(devices, fault.source).plug()
    case 'sensor':
      return device(devices, fault.source).breakSensor(fault.point, fault.status)
    case 'trust':
      return device(devices, fault.source).trust(fault.certificate)
  }
}

function device(devices: ReadonlyMap<string, Device>, source: string): Device {
  const found = devices.get(source)
  if (found) return found
  throw new MillraceError('bad-address', `The simulator has no source "${source}"`, {
    hint: `Its sources are ${[...devices.keys()].join(', ')}`,
  })
}
