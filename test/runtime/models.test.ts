import { describe, expect, test } from 'vitest'
import { loadPlant } from '../../config/load.ts'
import type { InRecord } from '../../edge-broker/kafka.ts'
import type { Label, Signal, TrainedModel } from '../../model/index.ts'
import { demoPlant } from '../../runtime/layout.ts'
import { noModels, withRecord } from '../../runtime/models/book.ts'
import { compare, ruleOf } from '../../runtime/models/judge.ts'
import { promoted, rolledBack } from '../../runtime/models/write.ts'
import { microsOf } from '../../runtime/point-in-time.ts'
import { chainWorker } from '../../runtime/worker.ts'
import { hour as start } from '../processors/records.ts'
import { failedAt, lifeOf, pump, recordAt, trainedOn } from '../processors/remaining-life-fleet.ts'

const demo = await loadPlant(demoPlant)
const plant = {
  ...demo,
  assets: [{ ...pump(21), name: 'Pump 21', source: 'pumps' }],
}
const trees = trainedOn([1, 2, 3, 4, 5, 6])
const linear = trainedOn([1, 2, 3, 4, 5, 6], 'least-squares')
const bytes = (value: unknown) => Buffer.from(JSON.stringify(value))
const book = [trees, linear].reduce((book, model) => withRecord(book, model.id, bytes(model)), noModels)
const chosen = (choice: object) => withRecord(book, 'class:pump', bytes(choice))
const none = promoted(noModels, 'pump', trees.id, 'first')

let offset = 0n
const record = (topic: string, value: unknown): InRecord => ({
  topic,
  partition: 0,
  offset: offset++,
  timestamp: 77,
  key: pump(21).id,
  value: bytes(value),
  headers: new Map(),
})

type Outputs = ReturnType<ReturnType<typeof chainWorker>['step']>
const valuesOf = <T>(outputs: Outputs, topic: string) =>
  outputs.filter(output => output.topic === topic).map(({ value }) => JSON.parse(String(value)) as T)
const lives = (outputs: Outputs) =>
  valuesOf<Signal>(outputs, 'signals').filter(({ signal }) => signal === 'life')

describe('the book of models', () => {
  test('has in force what was chosen and is there', () => {
    const now = chosen(none)
    expect(now.of('pump')).toEqual({ active: trees })
    expect(now.of('fan')).toEqual({})
    expect(now.inForce).toEqual({ pump: { active: trees.id, shadow: null } })
    expect(withRecord(now, trees.id, null).of('pump')).toEqual({})
  })

  test('takes no record that is not whole', () => {
    expect(() => withRecord(book, 'pump-1', bytes({ v: 1 }))).toThrow('"pump-1" in models')
    expect(() => withRecord(book, 'class:pump', bytes(trees))).toThrow('"class:pump" in models')
    expect(() => withRecord(book, 'pump-1', Buffer.from('{'))).toThrow(SyntaxError)
  })

  test('promotes, keeps what was active in the shadow, and goes back', () => {
    const first = chosen(none)
    const second = promoted(first, 'pump', linear.id, 'better')
    expect(second).toMatchObject({ active: linear.id, shadow: trees.id, history: [trees.id] })
    const back = rolledBack(chosen(second), 'pump')
    expect(back).toMatchObject({ active: trees.id, shadow: linear.id, history: [] })
    expect(() => rolledBack(chosen(back), 'pump')).toThrow('no model of class pump was active before')
  })
})

describe('the processors of a partition', () => {
  test('swap models with a record, and say with which, once', () => {
    const books = { current: chosen(none) }
    const worker = chainWorker({ current: plant }, { books })
    const outputs = [1, 2, 3].map(age => worker.step(record('telemetry', recordAt(21, age))))
    expect(valuesOf(outputs[0]!, 'activations')).toContainEqual(
      expect.objectContaining({ kind: 'models', models: { pump: { active: trees.id, shadow: null } } }),
    )
    expect(outputs.slice(1).flatMap(output => valuesOf(output, 'activations'))).toEqual([])
    expect(lives(outputs[2]!)[0]).toMatchObject({ details: { model: trees.id } })
    books.current = chosen(promoted(books.current, 'pump', linear.id, 'better'))
    const swapped = worker.step(record('telemetry', recordAt(21, 4)))
    expect(valuesOf(swapped, 'activations')).toHaveLength(1)
    expect(JSON.stringify(swapped)).toContain(`${linear.id}`)
  })

  test('keep what they know over a restart, and tell no swap twice', () => {
    const books = { current: chosen(none) }
    const whole = chainWorker({ current: plant }, { books })
    const first = chainWorker({ current: plant }, { books })
    const half = Math.floor(lifeOf(21) / 2)
    for (let age = 1; age <= half; age++)
      for (const worker of [whole, first]) worker.step(record('telemetry', recordAt(21, age)))
    const restarted = chainWorker({ current: plant }, { books })
    for (const { key, value } of first.changed()) restarted.restore(key, Buffer.from(value!))
    const next = { ...record('telemetry', recordAt(21, half + 1)) }
    expect(restarted.step(next)).toEqual(whole.step(next))
  })

  test('begin anew with a repair or a failure, and take other labels for training alone', () => {
    const worker = chainWorker({ current: plant }, { books: { current: chosen(none) } })
    for (let age = 1; age <= lifeOf(21); age++) worker.step(record('telemetry', recordAt(21, age)))
    const later = (age: number) => {
      const next = recordAt(22, age)
      const seq = lifeOf(21) + age
      const t = next.t.map(t => t + lifeOf(21) * 3_600_000_000)
      return { ...next, asset: pump(21).id, source: 'pump-21', seq, t }
    }
    const label = (what: Label['what']) => record('labels', { ...failedAt(21), what })
    worker.step(label('false-alarm'))
    const [worn] = lives(worker.step(record('telemetry', later(1))))
    worker.step(record('labels', { ...failedAt(21), at: later(1).t[0]! + 1 }))
    const [fresh] = lives(worker.step(record('telemetry', later(2))))
    expect(worn!.value ?? 0).toBeLessThan(30)
    expect(fresh!.value).toBeGreaterThan(60)
    expect(() => worker.step(record('labels', { what: 'repaired' }))).toThrow('not a label')
  })
})

describe('the rule of promotion', () => {
  const choice = { active: trees.id, shadow: linear.id }
  const everyMs = 3_600_000
  const said = (number: number, age: number, model: TrainedModel, role: string, off: number): Signal => ({
    v: 1,
    asset: pump(number).id,
    signal: role,
    processor: 'remaining-life',
    t: start + age * 3_600_000_000,
    value: lifeOf(number) - age + off,
    unit: 'h',
    verdict: 'normal',
    reason: '',
    details: { model: model.id },
    evidence: [],
  })
  const fleet = (off: number, beside: number) =>
    [31, 32, 33].flatMap(number =>
      Array.from({ length: lifeOf(number) }, (_, i) => [
        said(number, i + 1, trees, 'life', off),
        said(number, i + 1, linear, 'life-shadow', beside),
      ]).flat(),
    )
  const judge = (signals: Signal[], numbers = [31, 32, 33], lives = 3) => {
    const labels = numbers.map(failedAt)
    const compared = compare(signals, labels, choice, { name: 'life', everyMs, cap: 1_000 })
    return { ...compared, ...ruleOf(compared, choice, 10, lives) }
  }

  test('measures both against what then became true', () => {
    const { active, shadow } = judge(fleet(4, -2))
    expect(active).toMatchObject({ lives: 3, rmse: expect.closeTo(4) })
    expect(shadow).toMatchObject({ lives: 3, rmse: expect.closeTo(2) })
  })

  test('promotes what was not worse over enough whole lives', () => {
    expect(judge(fleet(4, 2)).promotes).toBe(true)
    expect(judge(fleet(2, 4))).toMatchObject({ promotes: false, reason: expect.stringContaining('4.0 h') })
    expect(judge(fleet(4, 2), [31])).toMatchObject({
      promotes: false,
      reason: expect.stringContaining('1 of 3'),
    })
  })
})

test('points in time are ISO 8601, now, or a time ago', () => {
  expect(microsOf('2026-01-01T00:00:00Z')).toBe(start)
  expect(microsOf('2h', 7_200_000)).toBe(0)
  expect(microsOf('now', 5)).toBe(5_000)
  expect(() => microsOf('soon')).toThrow('the time "soon" is not understood')
})
