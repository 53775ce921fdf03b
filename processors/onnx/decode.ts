import protobuf from 'protobufjs/minimal.js'
import { coded, MillraceError } from '../../model/index.ts'
import { type Attribute, dataType, type Graph, type Node, type Tensor } from './graph.ts'

type Reader = protobuf.Reader
const lengthDelimited = 2

/** @throws MillraceError `bad-payload` on bytes that are no ONNX model */
export function decodeOnnx(bytes: Uint8Array): Graph {
  try {
    let graph: Graph | undefined
    eachField(protobuf.Reader.create(bytes), (field, reader) => {
      if (field !== 7) return false
      graph = graphOf(nested(reader))
      return true
    })
    if (graph !== undefined && graph.nodes.length > 0) return graph
  } catch (thrown) {
    throw coded(thrown, 'bad-payload', 'the ONNX model cannot be read')
  }
  throw new MillraceError('bad-payload', 'the ONNX model has no graph')
}

/** `take` reads the field and says so; what it does not know is skipped. */
function eachField(reader: Reader, take: (field: number, reader: Reader, wire: number) => boolean): void {
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (!take(tag >>> 3, reader, tag & 7)) reader.skipType(tag & 7)
  }
}

const nested = (reader: Reader): Reader => protobuf.Reader.create(reader.bytes())

function graphOf(reader: Reader): Graph {
  const graph = {
    inputs: [] as string[],
    outputs: [] as string[],
    nodes: [] as Node[],
    constants: new Map<string, Tensor>(),
  }
  eachField(reader, (field, r) => {
    if (field === 1) graph.nodes.push(nodeOf(nested(r)))
    else if (field === 5) graph.constants.set(...tensorOf(nested(r)))
    else if (field === 11) graph.inputs.push(nameIn(nested(r)))
    else if (field === 12) graph.outputs.push(nameIn(nested(r)))
    else return false
    return true
  })
  return { ...graph, inputs: graph.inputs.filter(name => !graph.constants.has(name)) }
}

function nameIn(reader: Reader): string {
  let name = ''
  eachField(reader, (field, r) => {
    if (field !== 1) return false
    name = r.string()
    return true
  })
  return name
}

function nodeOf(reader: Reader): Node {
  const node = { op: '', domain: '', inputs: [] as string[], outputs: [] as string[] }
  const attributes = new Map<string, Attribute>()
  eachField(reader, (field, r) => {
    if (field === 1) node.inputs.push(r.string())
    else if (field === 2) node.outputs.push(r.string())
    else if (field === 4) node.op = r.string()
    else if (field === 5) attributes.set(...attributeOf(nested(r)))
    else if (field === 7) node.domain = r.string()
    else return false
    return true
  })
  return { ...node, domain: node.domain === 'ai.onnx' ? '' : node.domain, attributes }
}

function attributeOf(reader: Reader): [string, Attribute] {
  let name = ''
  let single: Attribute | undefined
  const numbers: number[] = []
  const strings: string[] = []
  eachField(reader, (field, r, wire) => {
    if (field === 1) name = r.string()
    else if (field === 2) single = r.float()
    else if (field === 3) single = Number(r.int64())
    else if (field === 4) single = r.string()
    else if (field === 5) single = tensorOf(nested(r))[1]
    else if (field === 7) repeated(r, wire, numbers, () => r.float())
    else if (field === 8) repeated(r, wire, numbers, () => Number(r.int64()))
    else if (field === 9) strings.push(r.string())
    else return false
    return true
  })
  return [name, single ?? (strings.length > 0 ? strings : numbers)]
}

/** One value, or many in one field. */
function repeated(reader: Reader, wire: number, into: number[], read: () => number): void {
  if (wire !== lengthDelimited) return void into.push(read())
  const end = reader.uint32() + reader.pos
  while (reader.pos < end) into.push(read())
}

function tensorOf(reader: Reader): [string, Tensor] {
  let name = ''
  let type = 0
  let raw: Uint8Array | undefined
  const dims: number[] = []
  const data: number[] = []
  eachField(reader, (field, r, wire) => {
    if (field === 1) repeated(r, wire, dims, () => Number(r.int64()))
    else if (field === 2) type = r.int32()
    else if (field === 4) repeated(r, wire, data, () => r.float())
    else if (field === 5) repeated(r, wire, data, () => r.int32())
    else if (field === 7) repeated(r, wire, data, () => Number(r.int64()))
    else if (field === 8) name = r.string()
    else if (field === 9) raw = r.bytes()
    else if (field === 10) repeated(r, wire, data, () => r.double())
    else return false
    return true
  })
  return [name, { dims, data: raw ? rawNumbers(raw, type) : data }]
}

const readers: Readonly<Record<number, readonly [number, (view: DataView, at: number) => number]>> = {
  [dataType.float]: [4, (view, at) => view.getFloat32(at, true)],
  [dataType.int32]: [4, (view, at) => view.getInt32(at, true)],
  [dataType.int64]: [8, (view, at) => Number(view.getBigInt64(at, true))],
  [dataType.double]: [8, (view, at) => view.getFloat64(at, true)],
}

function rawNumbers(raw: Uint8Array, type: number): number[] {
  const reader = readers[type]
  if (!reader) throw new MillraceError('unsupported', `a tensor of the ONNX model has the type ${type}`)
  const [size, read] = reader
  const view = new DataView(raw.buffer, raw.byteOffset, raw.byteLength)
  return Array.from({ length: Math.floor(raw.byteLength / size) }, (_, i) => read(view, i * size))
}
