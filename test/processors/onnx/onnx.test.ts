import { describe, expect, test } from 'vitest'
import type { Signal, TrainedModel } from '../../../model/index.ts'
import { featureCount } from '../../../processors/learning/features.ts'
import { raw } from '../../../processors/learning/predict.ts'
import { decodeOnnx } from '../../../processors/onnx/decode.ts'
import { encodeOnnx } from '../../../processors/onnx/encode.ts'
import { checkedGraph, evaluateOnnx } from '../../../processors/onnx/evaluate.ts'
import { checkedOptions } from '../../../processors/options.ts'
import { remainingLife } from '../../../processors/remaining-life/index.ts'
import { run, signalsIn } from '../records.ts'
import { lifeOf, pump, recordAt, signal, telemetryOf, trainedOn } from '../remaining-life-fleet.ts'

const trees = trainedOn([1, 2, 3, 4, 5, 6])
const linear = trainedOn([1, 2, 3, 4, 5, 6], 'least-squares')
const asOnnx = (model: TrainedModel): TrainedModel => {
  const bytes = encodeOnnx(model.parameters, featureCount(model.features))
  return { ...model, parameters: { kind: 'onnx', base64: Buffer.from(bytes).toString('base64') } }
}

function lives(model: TrainedModel): Signal[] {
  const { processor: _, name, ...declared } = signal
  const options = checkedOptions(remainingLife.options, declared, name)
  const processor = remainingLife.create(pump(21), { ...options, name } as never)
  const events = Array.from({ length: lifeOf(21) }, (_, i) =>
    telemetryOf(recordAt(21, i + 1), { active: model }),
  )
  return signalsIn(run(processor, events)).filter(({ signal }) => signal === 'life')
}

describe('a model through ONNX and back', () => {
  test.each([
    ['trees', trees],
    ['least squares', linear],
  ])('of %s tells the same remaining life', (_, model) => {
    const direct = lives(model).map(({ value }) => value!)
    const through = lives(asOnnx(model)).map(({ value }) => value!)
    expect(direct.every(Number.isFinite)).toBe(true)
    // A row that float32 moves over a threshold may take another leaf.
    const apart = direct.filter((value, i) => Math.abs(value - through[i]!) > 0.11)
    expect(apart.length).toBeLessThanOrEqual(direct.length / 50)
  })

  test('has the graph that was written', () => {
    const { parameters } = asOnnx(linear)
    const graph = decodeOnnx(Buffer.from((parameters as { base64: string }).base64, 'base64'))
    expect(graph.nodes.map(({ op }) => op)).toEqual(['Mul', 'Concat', 'LinearRegressor'])
    expect([graph.inputs, graph.outputs]).toEqual([['x'], ['y']])
    const row = Array.from({ length: featureCount(linear.features) }, (_, i) => i / 8)
    expect(evaluateOnnx(parameters as never, row)).toBeCloseTo(raw(linear.parameters, row), 3)
  })
})

describe('what is not served', () => {
  test('is refused with the name of the operator', () => {
    const text = Buffer.from(encodeOnnx(linear.parameters, 3)).toString('latin1').replace('Concat', 'Comcat')
    expect(() => checkedGraph(Buffer.from(text, 'latin1'))).toThrow('operator Comcat, which is not served')
  })

  test('or is no model at all, is told', () => {
    expect(() => checkedGraph(Buffer.from('no model'))).toThrow(/ONNX model/)
    expect(() => checkedGraph(Buffer.alloc(0))).toThrow('has no graph')
  })

  test('makes remaining life not known, and nothing fails', () => {
    const broken = { ...trees, parameters: { kind: 'onnx', base64: 'AAAA' } } as const
    expect(lives(broken).at(-1)).toMatchObject({ verdict: 'not-known', value: null })
  })
})
