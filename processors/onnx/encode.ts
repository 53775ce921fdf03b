import protobuf from 'protobufjs/minimal.js'
import { type LeastSquares, MillraceError, type Parameters, type Trees } from '../../model/index.ts'
import { attributeType, dataType } from './graph.ts'

type Attributes = Readonly<Record<string, number | readonly number[] | readonly string[]>>

/** Attributes of ints; every other number is a float. */
const integers = /ids$|^n_targets$|^targets$|^axis$/

/** A model's parameters as an ONNX file: one row of `features` floats in, hours of operation out. */
export function encodeOnnx(parameters: Parameters, features: number): Uint8Array {
  switch (parameters.kind) {
    case 'onnx':
      return Buffer.from(parameters.base64, 'base64')
    case 'trees':
      return file(features, [
        node('TreeEnsembleRegressor', 'ai.onnx.ml', ['x'], 'y', treeAttributes(parameters)),
      ])
    case 'least-squares':
      return file(features, linearNodes(parameters))
    default:
      throw new MillraceError('unsupported', 'this kind of model has no ONNX form')
  }
}

function linearNodes({ weights }: LeastSquares): Uint8Array[] {
  const attributes = { coefficients: weights.slice(1), intercepts: [weights[0]!], targets: 1 }
  return [
    node('Mul', '', ['x', 'x'], 'squares', {}),
    node('Concat', '', ['x', 'squares'], 'both', { axis: 1 }),
    node('LinearRegressor', 'ai.onnx.ml', ['both'], 'y', attributes),
  ]
}

/** ONNX rounds thresholds and rows to float32: a row within that of a threshold may take the other side. */
function treeAttributes({ base, trees }: Trees): Attributes {
  const nodes = trees.flatMap((tree, id) => tree.feature.map((feature, at) => ({ tree, id, at, feature })))
  const leaves = nodes.filter(({ feature }) => feature < 0)
  return {
    n_targets: 1,
    base_values: [base],
    nodes_treeids: nodes.map(({ id }) => id),
    nodes_nodeids: nodes.map(({ at }) => at),
    nodes_featureids: nodes.map(({ feature }) => Math.max(0, feature)),
    nodes_values: nodes.map(({ tree, at }) => tree.threshold[at]!),
    nodes_modes: nodes.map(({ feature }) => (feature < 0 ? 'LEAF' : 'BRANCH_LEQ')),
    nodes_truenodeids: nodes.map(({ tree, at }) => tree.left[at]!),
    nodes_falsenodeids: nodes.map(({ tree, at }) => tree.right[at]!),
    target_treeids: leaves.map(({ id }) => id),
    target_nodeids: leaves.map(({ at }) => at),
    target_ids: leaves.map(() => 0),
    target_weights: leaves.map(({ tree, at }) => tree.value[at]!),
  }
}

const message = (fill: (writer: protobuf.Writer) => void): Uint8Array => {
  const writer = protobuf.Writer.create()
  fill(writer)
  return writer.finish()
}
const tag = (field: number, wire: number) => (field << 3) | wire
const bytesAt = (writer: protobuf.Writer, field: number, bytes: Uint8Array) =>
  writer.uint32(tag(field, 2)).bytes(bytes)
const textAt = (writer: protobuf.Writer, field: number, text: string) =>
  writer.uint32(tag(field, 2)).string(text)
const intAt = (writer: protobuf.Writer, field: number, value: number) =>
  writer.uint32(tag(field, 0)).int64(value)

function file(features: number, nodes: readonly Uint8Array[]): Uint8Array {
  const graph = message(writer => {
    for (const one of nodes) bytesAt(writer, 1, one)
    textAt(writer, 2, 'remaining-life')
    bytesAt(writer, 11, valueInfo('x', features))
    bytesAt(writer, 12, valueInfo('y', 1))
  })
  return message(writer => {
    intAt(writer, 1, 8) // ir_version
    textAt(writer, 2, 'millrace')
    bytesAt(writer, 7, graph)
    bytesAt(writer, 8, opset('', 17))
    bytesAt(writer, 8, opset('ai.onnx.ml', 3))
  })
}

const opset = (domain: string, version: number) =>
  message(writer => {
    if (domain !== '') textAt(writer, 1, domain)
    intAt(writer, 2, version)
  })

/** Any number of rows of float32. */
function valueInfo(name: string, columns: number): Uint8Array {
  const rows = message(writer => textAt(writer, 2, 'rows'))
  const width = message(writer => intAt(writer, 1, columns))
  const shape = message(writer => bytesAt(bytesAt(writer, 1, rows), 1, width))
  const tensor = message(writer => bytesAt(intAt(writer, 1, dataType.float), 2, shape))
  const type = message(writer => bytesAt(writer, 1, tensor))
  return message(writer => bytesAt(textAt(writer, 1, name), 2, type))
}

function node(
  op: string,
  domain: string,
  inputs: readonly string[],
  output: string,
  attributes: Attributes,
): Uint8Array {
  return message(writer => {
    for (const input of inputs) textAt(writer, 1, input)
    textAt(writer, 2, output)
    textAt(writer, 4, op)
    for (const [name, value] of Object.entries(attributes)) bytesAt(writer, 5, attribute(name, value))
    if (domain !== '') textAt(writer, 7, domain)
  })
}

function attribute(name: string, value: Attributes[string]): Uint8Array {
  return message(writer => {
    textAt(writer, 1, name)
    if (typeof value === 'number') {
      intAt(writer, 3, value)
      intAt(writer, 20, attributeType.int)
    } else if (typeof value[0] === 'string') {
      for (const text of value as readonly string[]) textAt(writer, 9, text)
      intAt(writer, 20, attributeType.strings)
    } else if (integers.test(name)) {
      for (const number of value as readonly number[]) intAt(writer, 8, number)
      intAt(writer, 20, attributeType.ints)
    } else {
      for (const number of value as readonly number[]) writer.uint32(tag(7, 5)).float(number)
      intAt(writer, 20, attributeType.floats)
    }
  })
}
