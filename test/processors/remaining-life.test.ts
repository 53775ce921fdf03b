import { describe, expect, test } from 'vitest'
import type { ProcessorEvent, Signal } from '../../model/index.ts'
import { checkedOptions } from '../../processors/options.ts'
import { remainingLife } from '../../processors/remaining-life/index.ts'
import { trainingPlan } from '../../processors/remaining-life/plan.ts'
import { run, signalsIn, hour as start } from './records.ts'
import { hour, lifeOf, pump, recordAt, signal, telemetryOf, trainedOn } from './remaining-life-fleet.ts'

const model = trainedOn([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12])
const active = { active: model }

function processorOf(number: number, given: Record<string, unknown> = {}, unit?: string) {
  const { processor: _, name, ...declared } = { ...signal, ...given }
  const options = checkedOptions(remainingLife.options, declared, name)
  return remainingLife.create(pump(number, unit), { ...options, name } as never)
}

const lifeEvents = (number: number, until = lifeOf(number), models: object = active): ProcessorEvent[] =>
  Array.from({ length: until }, (_, i) => telemetryOf(recordAt(number, i + 1), models))

const named = (signals: readonly Signal[], name: string) => signals.filter(({ signal }) => signal === name)
const lives = (signals: readonly Signal[]) => named(signals, 'life')

describe('remaining life of units that training did not see', () => {
  const signals = lives(signalsIn(run(processorOf(21), lifeEvents(21))))

  test('falls to nothing as the unit fails, with an interval around it', () => {
    expect(signals).toHaveLength(lifeOf(21))
    const errors = signals.map(({ value }, i) => value! - Math.min(125, lifeOf(21) - 1 - i))
    expect(Math.sqrt(errors.reduce((sum, e) => sum + e * e, 0) / errors.length)).toBeLessThan(25)
    expect(signals.at(-1)!.value).toBeLessThan(10)
    for (const { value, details } of signals) {
      expect(details!.lower).toBeLessThanOrEqual(value!)
      expect(details!.upper).toBeGreaterThanOrEqual(value!)
    }
  })

  test('is covered by its interval as often as the model says', () => {
    const judged = [21, 22, 23, 24, 25, 26].flatMap(number =>
      lives(signalsIn(run(processorOf(number), lifeEvents(number)))).map(({ details }, i) => {
        const truth = Math.min(125, lifeOf(number) - 1 - i)
        return Number(details!.lower) <= truth && truth <= Number(details!.upper)
      }),
    )
    const share = judged.filter(Boolean).length / judged.length
    expect(share).toBeGreaterThan(0.8)
    expect(model.scores.coverage).toBeGreaterThan(0.85)
  })

  test('warns, then alarms, in that order and in time', () => {
    const first = (verdict: string) => signals.findIndex(signal => signal.verdict === verdict)
    expect(first('warning')).toBeGreaterThan(lifeOf(21) / 3)
    expect(first('alarm')).toBeGreaterThan(first('warning'))
    expect(first('alarm')).toBeLessThan(lifeOf(21) - 3)
  })

  test('comes with a health, a reason and the records it stands on', () => {
    const last = signals.at(-1)!
    expect(last.reason).toMatch(/h of operation remain \(.* in 92 of 100 cases\).*heat \+/)
    expect(last.evidence).toEqual([{ source: 'pump-21', epoch: 1, from: lifeOf(21), to: lifeOf(21) }])
    const health = named(signalsIn(run(processorOf(21), lifeEvents(21))), 'life-health')
    expect(health[0]!.value).toBeGreaterThan(70)
    expect(health.at(-1)!.value).toBeLessThan(10)
  })
})

describe('remaining life is not known, with the reason,', () => {
  const lastOf = (events: readonly ProcessorEvent[], processor = processorOf(21)) =>
    lives(signalsIn(run(processor, events))).at(-1)!
  const spoiled = (change: (value: unknown[], status: number[]) => void): ProcessorEvent => {
    const record = structuredClone(recordAt(21, 60))
    change(record.value, record.status)
    return telemetryOf(record, active)
  }
  const after = (event: ProcessorEvent) => lastOf([...lifeEvents(21, 59), event])

  test('without a model', () => {
    expect(lastOf(lifeEvents(21, 5, {}))).toMatchObject({ verdict: 'not-known', value: null })
    expect(lastOf(lifeEvents(21, 5, {})).reason).toContain('no model of class pump is in force')
  })

  test('when an input is bad, a text, NaN or missing', () => {
    expect(after(spoiled((_, status) => (status[0] = 0x80050000))).reason).toContain('heat is of bad quality')
    expect(after(spoiled(value => (value[1] = 'off'))).reason).toContain('vibration is not a finite number')
    expect(after(spoiled(value => (value[1] = 'NaN'))).verdict).toBe('not-known')
    const { tag, t, value, status, ...rest } = recordAt(21, 200)
    const cut = { ...rest, tag: tag.slice(1), t: t.slice(1), value: value.slice(1), status: status.slice(1) }
    expect(after(telemetryOf(cut, active)).reason).toContain('heat has told nothing for')
  })

  test('when inputs drift out of what training saw, but not for one outlier', () => {
    const hot = (age: number) => {
      const record = recordAt(21, age)
      return telemetryOf(
        { ...record, value: [(record.value[0] as number) + 80, ...record.value.slice(1)] },
        active,
      )
    }
    expect(lastOf([...lifeEvents(21, 59), hot(60)])).toMatchObject({
      verdict: lastOf(lifeEvents(21, 60)).verdict,
    })
    const drifted = lastOf([...lifeEvents(21, 59), ...[60, 61, 62, 63, 64, 65, 66, 67].map(hot)])
    expect(drifted.reason).toMatch(/heat is .*, outside the .* that the model was trained on/)
  })

  test('when two sensors are swapped', () => {
    const swapped = (age: number) => {
      const record = recordAt(21, age)
      const [a, b, ...more] = record.value
      return telemetryOf({ ...record, value: [b, a, ...more] }, active)
    }
    const ages = Array.from({ length: 10 }, (_, i) => 60 + i)
    expect(lastOf([...lifeEvents(21, 59), ...ages.map(swapped)]).verdict).toBe('not-known')
  })

  test('in a regime that training did not see', () => {
    expect(after(spoiled(value => (value[3] = 2_200))).reason).toContain('speed 2200 are no regime')
  })

  test('when the unit of a tag has changed', () => {
    const inKelvin = lastOf(lifeEvents(21, 5), processorOf(21, {}, 'K'))
    expect(inKelvin.reason).toContain('the unit of heat is K, model')
    expect(inKelvin.reason).toContain('was trained in Cel')
  })

  test('of an asset whose age is not known, until a repair', () => {
    const processor = processorOf(21, { knownFromStart: false })
    expect(lastOf(lifeEvents(21, 5), processor).reason).toContain('its age is not known')
    const repair = { kind: 'repair', t: start + 5 * hour + 1 } as const
    const later = [...lifeEvents(21, 5), repair, ...lifeEvents(21, 9).slice(5)]
    expect(lastOf(later, processor).verdict).toBe('normal')
  })
})

describe('models', () => {
  const other = trainedOn([1, 2, 3, 4, 5, 6, 7, 8], 'least-squares')

  test('are plain JSON, and the same for the same runs', () => {
    expect(JSON.parse(JSON.stringify(model))).toEqual(model)
    expect(trainedOn([1, 2, 3, 4, 5, 6, 7, 8], 'least-squares').id).toBe(other.id)
    expect(other.id).not.toBe(model.id)
  })

  test('in the shadow speak beside, never alarm, and take over without a pause', () => {
    const both = { active: model, shadow: other }
    const end = lifeOf(21)
    const events = [
      ...lifeEvents(21, end - 5, both),
      ...lifeEvents(21, end, { active: other }).slice(end - 5),
    ]
    const signals = signalsIn(run(processorOf(21), events))
    const shadow = named(signals, 'life-shadow')
    expect(shadow.map(({ verdict }) => verdict)).toEqual(shadow.map(() => 'normal'))
    const after = lives(signals).slice(-5)
    expect(after.map(({ details }) => details?.model)).toEqual(after.map(() => other.id))
  })

  test('that come late say so until they have seen enough', () => {
    const events = [...lifeEvents(21, 60), ...lifeEvents(21, 61, { active: other }).slice(60)]
    expect(lives(signalsIn(run(processorOf(21), events))).at(-1)!.reason).toMatch(/has seen 1 of the 32/)
  })

  test('of other tags or another pace are refused with the reason', () => {
    const processor = processorOf(21, { everyMs: 60_000 })
    expect(lives(signalsIn(run(processor, lifeEvents(21, 2)))).at(-1)!.reason).toContain('every 3600000 ms')
    const fewer = processorOf(21, { inputs: ['heat', 'vibration'] })
    expect(lives(signalsIn(run(fewer, lifeEvents(21, 2)))).at(-1)!.reason).toContain('trained on other tags')
  })
})

describe('a repair', () => {
  test('makes the asset as new, once', () => {
    const end = lifeOf(21)
    const repair = { kind: 'repair', t: start + end * hour } as const
    const again = Array.from({ length: 30 }, (_, i) => {
      const record = recordAt(22, i + 1)
      const t = record.t.map(t => t + end * hour)
      return telemetryOf({ ...record, asset: pump(21).id, source: 'pump-21', seq: end + i + 1, t }, active)
    })
    const signals = lives(signalsIn(run(processorOf(21), [...lifeEvents(21), repair, ...again, repair])))
    expect(signals[end - 1]!.value).toBeLessThan(10)
    expect(signals.at(-1)!.value).toBeGreaterThan(80)
  })
})

describe('a declaration', () => {
  test('is refused without a class, or with contradictions', () => {
    const { class: _, ...classless } = pump(1)
    const { processor: __, ...options } = signal
    expect(() => remainingLife.create(classless, options as never)).toThrow('no class')
    expect(() => processorOf(1, { settings: ['heat'] })).toThrow('is an input and a setting')
    expect(() => processorOf(1, { inputs: ['nothing'] })).toThrow('no telemetry tag "nothing"')
    expect(() => processorOf(1, { memory: [40, 10] })).toThrow('not ascending')
    expect(() => processorOf(1, { alarm: { below: 50 } })).toThrow('before the warning')
  })

  test('is the same for all assets of a class', () => {
    const odd = { ...pump(2), signals: [{ ...signal, inputs: ['heat'] }] }
    expect(() => trainingPlan('pump', [pump(1), odd], 'trees')).toThrow(
      'declare their remaining life otherwise',
    )
    expect(() => trainingPlan('fan', [pump(1)], 'trees')).toThrow('no asset of class fan')
    expect(() => trainingPlan('pump', [pump(1)], 'magic')).toThrow('no learner "magic"')
  })
})

test('the same input gives the same bytes', () => {
  const once = () => JSON.stringify(run(processorOf(23), lifeEvents(23)))
  expect(once()).toBe(once())
})
