import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { OPCUACertificateManager } from 'node-opcua-certificate-manager'
import {
  MessageSecurityMode,
  SecurityPolicy,
  type StatusCode,
  StatusCodes,
  VariantArrayType,
} from 'node-opcua-client'
import { OPCUAServer } from 'node-opcua-server'
import { coded, MillraceError } from '../../model/index.ts'
import { blockSamples } from './accelerometer.ts'
import type { Device, DeviceOptions } from './device.ts'
import type { Change } from './plant.ts'
import type { Press } from './press.ts'
import { type PressPoint, pressPoints } from './press-points.ts'

export type OpcuaOptions = DeviceOptions & {
  /** The server's key, certificate and trust lists; made when empty. */
  pkiDir: string
  trustedClientCertificates: readonly string[]
  /** Also offers security mode None. */
  allowUnencrypted: boolean
}

type AddressSpace = NonNullable<OPCUAServer['engine']['addressSpace']>
type Variable = ReturnType<ReturnType<AddressSpace['getOwnNamespace']>['addVariable']>
/** A variable with what it shows. */
type Shown = { press: Press; point: PressPoint; variable: Variable; status: StatusCode }

/**
 * The presses' OPC UA server: one folder a machine, source timestamps by the plant's clock, Basic256Sha256 with sign and
 * encrypt for clients whose certificate is trusted.
 * @throws MillraceError `port-taken` or `internal` when it cannot start
 */
export async function startOpcuaDevice(options: OpcuaOptions): Promise<Device> {
  const store = new OPCUACertificateManager({ rootFolder: options.pkiDir, disableFileWatchers: true })
  await store.initialize()
  const device = new OpcuaDevice(createServer(options, store), store)
  for (const file of options.trustedClientCertificates) await device.trust(file)
  await device.start(options)
  return device
}

class OpcuaDevice implements Device {
  endpoint = ''
  readonly #server: OPCUAServer
  readonly #store: OPCUACertificateManager
  readonly #shown = new Map<string, Shown>()

  constructor(server: OPCUAServer, store: OPCUACertificateManager) {
    this.#server = server
    this.#store = store
  }

  get certificate(): string {
    return this.#server.certificateFile
  }

  async start({ plant, host, port }: OpcuaOptions): Promise<void> {
    await this.#server.initialize()
    const space = this.#server.engine.addressSpace
    if (!space) throw new MillraceError('internal', 'The OPC UA server has no address space')
    for (const [folder, press] of [
      ['Press1', plant.presses['press-1']],
      ['Press2', plant.presses['press-2']],
    ] as const) {
      this.#addPress(space, folder, press)
    }
    await this.#server.start().catch(error => {
      throw coded(error, 'port-taken', `The OPC UA server cannot listen on ${host}:${port}`)
    })
    this.endpoint = `opc.tcp://${host}:${this.#server.endpoints[0]?.port ?? port}/press`
  }

  #addPress(space: AddressSpace, folder: string, press: Press): void {
    const namespace = space.getOwnNamespace()
    const parent = namespace.addFolder(space.rootFolder.objects, { browseName: folder })
    for (const point of pressPoints) {
      const name = `${folder}.${point.name}`
      const variable = namespace.addVariable({
        organizedBy: parent,
        browseName: point.name,
        nodeId: `s=${name}`,
        description: point.description,
        dataType: point.dataType,
        valueRank: point.waveform ? 1 : -1,
        arrayDimensions: point.waveform ? [blockSamples] : null,
        // 0 lets a client ask for every change; the server answers 50 ms to that, and clamps other intervals to it.
        minimumSamplingInterval: 0,
      })
      this.#shown.set(name, { press, point, variable, status: StatusCodes.Good })
    }
  }

  publish(at: number, change: Change): void {
    const time = new Date(at)
    for (const shown of this.#shown.values()) {
      if (isDue(shown, change)) show(shown, time)
    }
  }

  async unplug(): Promise<void> {
    const released = this.#server.suspendEndPoints()
    for (const endpoint of this.#server.endpoints) endpoint.abruptlyInterruptChannels()
    await released
  }

  plug(): Promise<void> {
    return this.#server.resumeEndPoints()
  }

  breakSensor(point: string, status: string | null): void {
    const shown = this.#shown.get(point)
    if (!shown) throw new MillraceError('bad-address', `The presses have no "${point}"`)
    shown.status = status === null ? StatusCodes.Good : statusCode(status)
  }

  async trust(certificate: string): Promise<void> {
    await this.#store.trustCertificate(new X509Certificate(await readFile(certificate)).raw)
  }

  async close(): Promise<void> {
    await this.#server.shutdown()
  }
}

function createServer(options: OpcuaOptions, store: OPCUACertificateManager): OPCUAServer {
  const open = options.allowUnencrypted
  return new OPCUAServer({
    host: options.host,
    hostname: options.host,
    port: options.port,
    resourcePath: '/press',
    serverCertificateManager: store,
    userCertificateManager: store,
    securityPolicies: [SecurityPolicy.Basic256Sha256, ...(open ? [SecurityPolicy.None] : [])],
    securityModes: [MessageSecurityMode.SignAndEncrypt, ...(open ? [MessageSecurityMode.None] : [])],
    serverInfo: { applicationUri: 'urn:plant-simulator:press', productUri: 'urn:plant-simulator' },
    buildInfo: { productName: 'Plant simulator, press line' },
    serverCapabilities: { maxSessions: 20 },
  })
}

function isDue({ point, press }: Shown, change: Change): boolean {
  return point.waveform ? change.blocks.includes(press) : change.readings
}

function show({ press, point, variable, status }: Shown, at: Date): void {
  const arrayType = point.waveform ? VariantArrayType.Array : VariantArrayType.Scalar
  variable.setValueFromSource({ dataType: point.dataType, arrayType, value: point.read(press) }, status, at)
}

function statusCode(name: string): StatusCode {
  const code = (StatusCodes as unknown as Record<string, StatusCode | undefined>)[name]
  if (code) return code
  throw new MillraceError('unsupported', `"${name}" is not the name of an OPC UA status code`)
}
