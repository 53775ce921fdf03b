import type { Label, ProcessorEvent, Tag, TelemetryRecord, TrainedModel } from '../../model/index.ts'
import { livesOf } from '../../processors/learning/lives.ts'
import { train } from '../../processors/learning/train.ts'
import { type DeclaredAsset, trainingPlan } from '../../processors/remaining-life/plan.ts'
import { createRandom } from '../simulator/random.ts'
import { hour as start } from './records.ts'

export const hour = 3_600_000_000
export const assetClass = 'pump'
export const signal = {
  processor: 'remaining-life',
  name: 'life',
  inputs: ['heat', 'vibration', 'plate'],
  settings: ['speed'],
  warning: { below: 40 },
  alarm: { below: 15 },
}

export function pump(number: number, unit = 'Cel'): DeclaredAsset {
  const id = `demo/hall/line-1/pump-${number}`
  const tag = (name: string, unit?: string): Tag => ({
    asset: id,
    name,
    class: 'telemetry',
    ...(unit && { unit }),
  })
  const tags = [tag('heat', unit), tag('vibration', 'mm/s'), tag('plate'), tag('speed', 'rpm')]
  return { id, class: assetClass, tags, signals: [signal] }
}

/** Hours that pump `number` lives: 90 to 200. */
export const lifeOf = (number: number): number =>
  Math.round(90 + 110 * createRandom(7, `life ${number}`).uniform())

/**
 * One record an hour. Wear grows with the square of the share of life that is gone and shows in heat and vibration, over
 * two speeds that move both by far more than wear does.
 */
export function recordAt(number: number, age: number, life = lifeOf(number)): TelemetryRecord {
  const random = createRandom(11, `pump ${number} ${age}`)
  const fast = random.uniform() < 0.5
  const wear = (age / life) ** 2
  const heat = (fast ? 70 : 45) + 6 * wear + 0.4 * random.gaussian()
  const vibration = (fast ? 4 : 2) * (1 + 0.8 * wear) + 0.1 * random.gaussian()
  const values = [heat, vibration, 7, fast ? 2_900 : 1_450]
  return {
    v: 1,
    asset: pump(number).id,
    source: `pump-${number}`,
    epoch: 1,
    seq: age,
    tags: ['heat', 'vibration', 'plate', 'speed'],
    tag: [0, 1, 2, 3],
    t: values.map(() => start + age * hour),
    value: values,
    status: values.map(() => 0),
  }
}

export const telemetryOf = (record: TelemetryRecord, models?: object): ProcessorEvent => ({
  kind: 'telemetry',
  record,
  ...(models && { models }),
})

export const failedAt = (number: number): Label => ({
  v: 1,
  asset: pump(number).id,
  what: 'failed',
  at: start + lifeOf(number) * hour,
})

/** Through the path that `millrace train` takes. */
export function trainedOn(numbers: readonly number[], learner = 'trees'): TrainedModel {
  const plan = trainingPlan(
    assetClass,
    numbers.map(number => pump(number)),
    learner,
  )
  const lives = livesOf(numbers.map(failedAt), id => plan.gathering(pump(Number(id.split('-').at(-1)))))
  for (const number of numbers)
    for (let age = 1; age <= lifeOf(number); age++) lives.add(recordAt(number, age))
  const { runs, labels } = lives.ended()
  return train(runs, plan, { positions: [], labels })
}
