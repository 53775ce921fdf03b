import type { Parameters, TrainedModel } from '../../model/index.ts'
import { evaluateOnnx } from '../onnx/evaluate.ts'
import { intervalOf } from './intervals.ts'
import { predictLinear } from './least-squares.ts'
import { predictTrees } from './trees.ts'

export type Prediction = { readonly hours: number; readonly lower: number; readonly upper: number }

/** Hours of operation that remain, clipped at the model's cap. */
export function predict(model: TrainedModel, row: ArrayLike<number>): Prediction {
  const hours = clipped(raw(model.parameters, row), model.cap)
  const [lower, upper] = intervalOf(model.interval, hours, model.cap)
  return { hours, lower, upper }
}

export function raw(parameters: Parameters, row: ArrayLike<number>): number {
  switch (parameters.kind) {
    case 'trees':
      return predictTrees(parameters, row)
    case 'least-squares':
      return predictLinear(parameters, row)
    case 'onnx':
      return evaluateOnnx(parameters, row)
  }
}

export const clipped = (hours: number, cap: number): number => Math.min(cap, Math.max(0, hours))
