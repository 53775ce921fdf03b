import { type Static, Type } from 'typebox'

const numbers = (description: string) => Type.Array(Type.Number(), { description })

/** How telemetry becomes features; the same in training and in serving. */
export const FeatureSpec = Type.Object({
  inputs: Type.Array(Type.String(), { description: 'tags that wear shows in' }),
  settings: Type.Array(Type.String(), { description: 'tags that tell the operating regime' }),
  units: Type.Record(Type.String(), Type.String(), {
    description: 'unit of each tag in training; another one later makes the result not known',
  }),
  everyMs: Type.Number({ description: 'one observation in each such span of source time' }),
  holdMs: Type.Number({ description: 'how long the last good value of a tag stands for it' }),
  memory: numbers('observations over which each exponentially weighted mean remembers, shortest first'),
  scale: numbers('what a setting is divided by before distances are measured'),
  regimes: Type.Array(
    Type.Object({
      centre: numbers('of the scaled settings'),
      radius: Type.Number({ description: 'further from every centre is no known regime' }),
      mean: numbers('of each input in this regime'),
      deviation: numbers('of each input; 0: it did not change in training'),
      low: numbers('lowest plausible value of each input'),
      high: numbers('highest plausible value of each input'),
    }),
  ),
  used: Type.Array(Type.Integer(), { description: 'indexes of the inputs that changed in training' }),
})
export type FeatureSpec = Static<typeof FeatureSpec>

export const Trees = Type.Object({
  kind: Type.Literal('trees'),
  base: Type.Number(),
  trees: Type.Array(
    Type.Object({
      feature: Type.Array(Type.Integer(), { description: 'of each node; -1: a leaf' }),
      threshold: numbers('to the left where the feature is not above it'),
      left: Type.Array(Type.Integer()),
      right: Type.Array(Type.Integer()),
      value: numbers('of a leaf'),
    }),
  ),
})
export type Trees = Static<typeof Trees>

export const LeastSquares = Type.Object({
  kind: Type.Literal('least-squares'),
  weights: numbers('of 1, the features, and their squares'),
})
export type LeastSquares = Static<typeof LeastSquares>

export const OnnxParameters = Type.Object({
  kind: Type.Literal('onnx'),
  base64: Type.String({ description: 'the ONNX file; its one input takes the features as one row' }),
})
export type OnnxParameters = Static<typeof OnnxParameters>

export const Parameters = Type.Union([Trees, LeastSquares, OnnxParameters])
export type Parameters = Static<typeof Parameters>

/** Offsets of the telemetry that a model was trained on; decimal strings. */
const TrainingPosition = Type.Object({
  topic: Type.String(),
  partition: Type.Integer(),
  from: Type.String({ description: 'first offset' }),
  to: Type.String({ description: 'the offset after the last' }),
})

/** A trained model of an asset class; topic `models`, key its id. */
export const TrainedModel = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Literal('model'),
    id: Type.String({ description: 'the asset class and a hash of all the rest' }),
    assetClass: Type.String(),
    predicts: Type.Literal('remaining-life'),
    unit: Type.Literal('h'),
    cap: Type.Number({
      description: 'hours of operation; more than these are told as these, in training and in serving',
    }),
    features: FeatureSpec,
    parameters: Parameters,
    interval: Type.Object(
      {
        level: Type.Number({ description: 'share of truths that it is to cover' }),
        edges: numbers('of the bins of the prediction, ascending'),
        low: numbers('of each bin: truth less prediction, lower quantile, hours'),
        high: numbers('upper quantile'),
      },
      { description: 'from units that the model had not seen (grouped cross-validation)' },
    ),
    training: Type.Object({
      from: Type.Integer({ description: 'source time, microseconds UTC' }),
      to: Type.Integer(),
      positions: Type.Array(TrainingPosition),
      runs: Type.Integer({ description: 'lives from a start or a repair to a failure' }),
      observations: Type.Integer(),
      labels: Type.Record(Type.String(), Type.Integer(), { description: 'labels used, by what they say' }),
    }),
    scores: Type.Record(Type.String(), Type.Number(), {
      description: 'on units that the model had not seen: rmse (h), phm08, coverage (share)',
    }),
  },
  { $id: 'model-v1', title: 'Trained model v1' },
)
export type TrainedModel = Static<typeof TrainedModel>

/** Which models of a class are in force; topic `models`, key `class:<class>`. Promotion and rollback are such records. */
export const ModelChoice = Type.Object(
  {
    v: Type.Literal(1),
    kind: Type.Literal('choice'),
    assetClass: Type.String(),
    active: Type.Union([Type.String(), Type.Null()], {
      description: 'id of the model that signals come from',
    }),
    shadow: Type.Union([Type.String(), Type.Null()], {
      description: 'id of the model that is tried beside it: its signals make no alarm',
    }),
    history: Type.Array(Type.String(), { description: 'what was active before, last first' }),
    reason: Type.String({ description: 'why this was chosen, for people' }),
  },
  { $id: 'model-choice-v1', title: 'Model choice v1' },
)
export type ModelChoice = Static<typeof ModelChoice>

/** Keys of choices in the topic `models` begin so; no model is named so. */
export const choiceKeyPrefix = 'class:'
