import { MillraceError, type OnnxParameters } from '../../model/index.ts'
import { decodeOnnx } from './decode.ts'
import type { Graph, Tensor } from './graph.ts'
import { operatorName, operators } from './operators.ts'

/** A model never changes, so that its graph is kept with it. */
const graphs = new WeakMap<OnnxParameters, Graph>()

/**
 * The number that an ONNX model makes of one row, in double precision; the row is rounded to float32 first, which is
 * what the model's thresholds were made for. Pure and at once.
 * @throws MillraceError `unsupported` naming the operator that is not served, `bad-payload` on what is no model
 */
export function evaluateOnnx(parameters: OnnxParameters, row: ArrayLike<number>): number {
  const graph = graphs.get(parameters) ?? checkedGraph(Buffer.from(parameters.base64, 'base64'))
  graphs.set(parameters, graph)
  const values = new Map<string, Tensor>(graph.constants)
  const data = Float64Array.from(row, Math.fround)
  values.set(graph.inputs[0]!, { dims: [1, data.length], data })
  for (const node of graph.nodes) {
    const inputs = node.inputs.filter(name => name !== '').map(name => known(values, name))
    const out = operators[operatorName(node)]!(inputs, node)
    values.set(node.outputs[0]!, { dims: [1, out.length], data: out })
  }
  return known(values, graph.outputs[0]!).data[0]!
}

/** @throws MillraceError `unsupported`, `bad-payload` */
export function checkedGraph(bytes: Uint8Array): Graph {
  const graph = decodeOnnx(bytes)
  const unknown = graph.nodes.map(operatorName).find(name => !(name in operators))
  if (unknown !== undefined) {
    throw new MillraceError(
      'unsupported',
      `the ONNX model has the operator ${unknown}, which is not served`,
      {
        hint: `Served are ${Object.keys(operators).join(', ')}`,
      },
    )
  }
  if (graph.inputs.length === 1 && graph.outputs.length === 1) return graph
  throw new MillraceError('unsupported', 'the ONNX model has not one input and one output', {
    hint: 'Its input is a row of features, its output hours of operation',
  })
}

function known(values: ReadonlyMap<string, Tensor>, name: string): Tensor {
  const value = values.get(name)
  if (value) return value
  throw new MillraceError('bad-payload', `nothing in the ONNX model makes "${name}"`)
}
