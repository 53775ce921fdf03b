/**
 * A small S7 server over real sockets for the plant simulator: set-up, read var and write var on data blocks, with
 * the item codes of a CPU. It uses the connector's own codec; that the codec is right is proven against python-snap7.
 */
import { once } from 'node:events'
import { createServer, type Server, type Socket } from 'node:net'
import { decodeTpdu, encodeConfirm, encodeData, TsduReader } from '../../connectors/s7/cotp.ts'
import {
  areaCode,
  decodeItemData,
  decodeItems,
  decodePdu,
  decodeSetup,
  elementCode,
  encodeAnswer,
  encodeItemData,
  encodePdu,
  encodeSetup,
  functionCode,
  type Item,
  type ItemData,
  maxItems,
  type Pdu,
  rosctr,
  transport,
} from '../../connectors/s7/protocol.ts'
import { encodeTpkt, TpktReader } from '../../connectors/s7/tpkt.ts'

export type S7ServerOptions = {
  readonly host: string
  /** 0 (the default) takes a free one. */
  readonly port?: number
  /** Read and written in place; the map may change while the server runs. */
  readonly dataBlocks: Map<number, Buffer>
  /** Called after a client has written into a block. */
  readonly onWrite?: (db: number, offset: number, length: number) => void
  /** Largest PDU to agree to, 240 to 960. */
  readonly pduLength?: number
}

export type S7Server = {
  readonly port: number
  /** Clients connected now. */
  readonly connections: number
  close(): Promise<void>
}

const itemCode = {
  good: 0xff,
  outOfRange: 0x05,
  unsupported: 0x06,
  inconsistent: 0x07,
  unknown: 0x0a,
} as const
/** Bytes an element, by its code: byte, char, word, int, dword, dint, real. */
const elementBytes: Readonly<Record<number, number>> = { 2: 1, 3: 1, 4: 2, 5: 2, 6: 4, 7: 4, 8: 4 }
const functionNotAvailable = 0x8104
const jobs = 8

/** Resolves once it listens. @throws the socket's error where the port is taken */
export async function startS7Server(options: S7ServerOptions): Promise<S7Server> {
  const sockets = new Set<Socket>()
  const server = createServer({ noDelay: true }, socket => {
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => socket.destroy())
    serve(socket, options)
  })
  server.listen(options.port ?? 0, options.host)
  await once(server, 'listening')
  return {
    port: (server.address() as { port: number }).port,
    get connections() {
      return sockets.size
    },
    close: () => stop(server, sockets),
  }
}

async function stop(server: Server, sockets: Set<Socket>): Promise<void> {
  if (!server.listening) return
  const closed = once(server, 'close')
  server.close()
  for (const socket of sockets) socket.destroy()
  await closed
}

/** One client: whatever it breaks of the protocol ends its connection, as a CPU does. */
function serve(socket: Socket, options: S7ServerOptions): void {
  const packets = new TpktReader()
  const tsdus = new TsduReader()
  const session: Session = { options, pduLength: 240 }
  const receive = (payload: Buffer) => {
    const tpdu = decodeTpdu(payload)
    if (tpdu.kind === 'request') {
      socket.write(encodeTpkt(encodeConfirm(tpdu.sourceRef, 0x0100, tpdu.calledTsap ?? 0x0102)))
    } else if (tpdu.kind === 'data') {
      const tsdu = tsdus.push(tpdu.payload, tpdu.last)
      if (tsdu)
        for (const part of encodeData(encodePdu(answer(session, decodePdu(tsdu)))))
          socket.write(encodeTpkt(part))
    } else socket.destroy()
  }
  socket.on('data', chunk => {
    try {
      for (const payload of packets.push(chunk)) receive(payload)
    } catch {
      socket.destroy()
    }
  })
}

type Session = { readonly options: S7ServerOptions; pduLength: number }

function answer(session: Session, job: Pdu): Pdu {
  const done = (parameters: Buffer, data: Buffer = Buffer.alloc(0), error = 0): Pdu => ({
    rosctr: rosctr.ackData,
    reference: job.reference,
    parameters,
    data,
    error,
  })
  const fn = job.rosctr === rosctr.job ? job.parameters[0] : undefined
  if (fn === functionCode.setup) return done(setUp(session, job.parameters))
  if (fn !== functionCode.read && fn !== functionCode.write) {
    return done(Buffer.alloc(0), undefined, functionNotAvailable)
  }
  const items = decodeItems(job.parameters)
  if (items.length > maxItems) return done(Buffer.alloc(0), undefined, functionNotAvailable)
  const data = fn === functionCode.read ? readAll(session, items) : writeAll(session, items, job.data)
  return done(encodeAnswer(fn, items.length), data)
}

function setUp(session: Session, parameters: Buffer): Buffer {
  const asked = decodeSetup(parameters)
  session.pduLength = Math.max(240, Math.min(asked.pduLength, session.options.pduLength ?? 960))
  return encodeSetup({ jobs: Math.max(1, Math.min(asked.jobs, jobs)), pduLength: session.pduLength })
}

function readAll({ options, pduLength }: Session, items: readonly Item[]): Buffer {
  let left = pduLength - 14
  return encodeItemData(
    items.map(item => {
      const data = readOne(options.dataBlocks, item)
      left -= 4 + data.bytes.length + (data.bytes.length % 2)
      // What does not fit into the PDU is refused item by item.
      return left >= 0 ? data : refusal(itemCode.outOfRange)
    }),
  )
}

function readOne(blocks: Map<number, Buffer>, item: Item): ItemData {
  const found = find(blocks, item)
  if (typeof found === 'number') return refusal(found)
  if (item.element === elementCode.bit) {
    const bit = (found[0]! >> (item.address & 7)) & 1
    return { code: itemCode.good, transport: transport.bit, bytes: Buffer.from([bit]) }
  }
  return { code: itemCode.good, transport: transport.byte, bytes: found }
}

function writeAll({ options }: Session, items: readonly Item[], data: Buffer): Buffer {
  const values = decodeItemData(data, items.length)
  return Buffer.from(items.map((item, i) => writeOne(options, item, values[i]!.bytes)))
}

function writeOne({ dataBlocks, onWrite }: S7ServerOptions, item: Item, bytes: Buffer): number {
  const found = find(dataBlocks, item)
  if (typeof found === 'number') return found
  if (bytes.length !== found.length) return itemCode.inconsistent
  if (item.element === elementCode.bit) {
    const mask = 1 << (item.address & 7)
    found[0] = bytes[0]! & 1 ? found[0]! | mask : found[0]! & ~mask
  } else found.set(bytes)
  onWrite?.(item.db, item.address >> 3, found.length)
  return itemCode.good
}

/** The bytes of a block that the item names, or the code that says why there are none. */
function find(blocks: Map<number, Buffer>, item: Item): Buffer | number {
  const block = item.area === areaCode.DB ? blocks.get(item.db) : undefined
  if (!block) return itemCode.unknown
  const bit = item.element === elementCode.bit
  const size = bit ? 1 : elementBytes[item.element]
  if (size === undefined || (bit ? item.count !== 1 : item.address % 8 !== 0)) return itemCode.unsupported
  const from = item.address >> 3
  const to = from + item.count * size
  return item.count > 0 && to <= block.length ? block.subarray(from, to) : itemCode.outOfRange
}

function refusal(code: number): ItemData {
  return { code, transport: transport.null, bytes: Buffer.alloc(0) }
}
