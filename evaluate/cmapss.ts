import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Label, Signal, TrainedModel } from '../model/index.ts'
import { chainFor, runChain } from '../processors/chain.ts'
import { livesOf } from '../processors/learning/lives.ts'
import { phm08, rmse } from '../processors/learning/scores.ts'
import { train } from '../processors/learning/train.ts'
import { trainingPlan } from '../processors/remaining-life/plan.ts'
import {
  engine,
  engineSignal,
  lastRecord,
  readTruth,
  readUnits,
  recordsOf,
  type Unit,
} from './cmapss-files.ts'
import type { Score, Suite } from './suite.ts'

/** The cap of the literature (Heimes 2008): what is further away does not show in the sensors yet. */
const cap = 125

type Row = { readonly unit: number; readonly rul: number; readonly lower: number; readonly upper: number }

export const suite: Suite = {
  name: 'cmapss',
  summary: `turbofan engines run to failure: trains, and writes the remaining life of every test unit (clipped at ${cap} cycles)`,
  options: [
    { flags: '--train <file>', description: 'train_FD00n.txt, units run to failure', required: true },
    { flags: '--test <file>', description: 'test_FD00n.txt, units cut off before', required: true },
    { flags: '--rul <file>', description: 'RUL_FD00n.txt, the truth; for scores alone' },
    { flags: '--learner <name>', description: 'trees (default) or least-squares' },
  ],
  async run({ out }, given, progress) {
    const units = readUnits(given.train!)
    const model = await progress.step('training', async note => trainOn(units, given.learner, note))
    writeFileSync(join(out, 'model.json'), JSON.stringify(model))
    const rows = await progress.step('test units', async () => predictions(readUnits(given.test!), model))
    writeFileSync(join(out, 'predictions.csv'), csv(rows))
    const trained: Score[] = [
      { name: 'RMSE, training units left out', value: model.scores.rmse!, unit: 'cycles' },
      { name: 'intervals cover, training units left out', value: 100 * model.scores.coverage!, unit: '%' },
    ]
    return given.rul === undefined ? trained : [...trained, ...scoresOf(rows, readTruth(given.rul))]
  },
}

/** The rows as telemetry of machines, each life ended by a label, through gathering and features that serve. */
export function trainOn(
  units: readonly Unit[],
  learner = 'trees',
  note: (text: string) => void = () => {},
): TrainedModel {
  const labels = units.map(({ unit, rows }): Label => {
    return { v: 1, asset: engine(unit).id, what: 'failed', at: lastRecord(unit, rows).t[0]! }
  })
  const plan = trainingPlan('turbofan', [engine(units[0]!.unit)], learner)
  const lives = livesOf(labels, asset => plan.gathering({ id: asset, tags: engine(0).tags }))
  for (const unit of units) for (const record of recordsOf(unit)) lives.add(record)
  const { runs, labels: used } = lives.ended()
  return train(runs, plan, { positions: [], labels: used }, note)
}

function predictions(units: readonly Unit[], model: TrainedModel): Row[] {
  return units.map(unit => {
    const chain = chainFor(engine(unit.unit), [])
    const states = new Map<string, unknown>()
    let last: Signal | undefined
    for (const record of recordsOf(unit)) {
      const outputs = runChain(states, chain, { kind: 'telemetry', record, models: { active: model } })
      for (const output of outputs)
        if (output.topic === 'signals' && output.value.signal === engineSignal) last = output.value
    }
    return rowOf(unit.unit, last)
  })
}

/** What is not known has no number. */
function rowOf(unit: number, signal: Signal | undefined): Row {
  const { lower, upper } = signal?.details ?? {}
  const number = (value: unknown) => (typeof value === 'number' ? value : Number.NaN)
  return { unit, rul: number(signal?.value), lower: number(lower), upper: number(upper) }
}

function csv(rows: readonly Row[]): string {
  const text = (value: number) => (Number.isNaN(value) ? '' : String(value))
  const lines = rows.map(({ unit, rul, lower, upper }) => [unit, rul, lower, upper].map(text).join(','))
  return `unit,rul,lower,upper\n${lines.join('\n')}\n`
}

function scoresOf(rows: readonly Row[], truth: readonly number[]): Score[] {
  const known = rows.flatMap((row, i) =>
    Number.isNaN(row.rul) ? [] : [{ ...row, predicted: row.rul, truth: Math.min(cap, truth[i]!) }],
  )
  const error = rmse(known)
  const inside = known.filter(({ lower, upper, truth }) => truth >= lower && truth <= upper)
  const coverage = (100 * inside.length) / known.length
  const clippedAt = `clipped at ${cap}`
  return [
    {
      name: 'test units without a prediction',
      value: rows.length - known.length,
      goal: '0',
      met: known.length === rows.length,
    },
    { name: `RMSE, ${clippedAt}`, value: error, unit: 'cycles', goal: '<= 12', met: error <= 12 },
    { name: `PHM08, ${clippedAt}`, value: phm08(known) },
    {
      name: 'intervals cover',
      value: coverage,
      unit: '%',
      goal: '85-95',
      met: coverage >= 85 && coverage <= 95,
    },
  ]
}
