/** A simulated fleet through the very signals of the connected-cars plant, scored against the simulator's own labels. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { lifecycle } from '../alarms/lifecycle.ts'
import { loadPlant, type Plant } from '../config/index.ts'
import { type Alarm, MillraceError, type ProcessorEvent } from '../model/index.ts'
import { chainFor, runChain, type States } from '../processors/chain.ts'
import { type Car, type CarSample, fleetOf, tagOfFault } from '../test/simulator/cars/car.ts'
import type { Places, Score, Suite } from './suite.ts'

const plantDir = join(import.meta.dirname, '..', 'config', 'plants', 'connected-cars')
const cars = 100
const hours = 1
const faultyShare = 0.3
const defaultSeeds = '1'
/** 2026-01-01, ms. */
const beginMs = Date.UTC(2026, 0, 1)

type Outcome = {
  readonly seed: number
  readonly car: string
  readonly fault: string | null
  readonly fromS: number | null
  /** s after the fault began; null when it was not found. */
  readonly delayS: number | null
  readonly named: boolean
  readonly falseAlarms: number
  /** Hours after learning and without a fault. */
  readonly soundHours: number
}

export const suite: Suite = {
  name: 'cars',
  summary: `Connected cars: ${cars} simulated cars, ${hours} h at 1 Hz, ${100 * faultyShare} % of them with a fault; finds the faulty ones.`,
  options: [
    { flags: '--seeds <list>', description: `fleets to make, such as 1,2,3 (default ${defaultSeeds})` },
  ],
  async run({ out }: Places, { seeds = defaultSeeds }, progress) {
    const plant = await loadPlant(plantDir)
    const outcomes: Outcome[] = []
    for (const seed of seedsIn(seeds)) {
      const names = Array.from({ length: cars }, (_, i) => `car-${i + 1}`)
      const learnedS = learnMinutes(plant) * 60
      const plan = { share: faultyShare, firstS: learnedS + 60, lastS: hours * 3_600 - 600 }
      const fleet = fleetOf(seed, names, plan)
      await progress.step(`${cars} cars of seed ${seed}`, async () => {
        for (const car of fleet) outcomes.push({ seed, ...drive(plant, car, learnedS) })
      })
    }
    writeFileSync(join(out, 'cars.csv'), tableOf(outcomes))
    return scoresOf(outcomes)
  },
}

function seedsIn(list: string): number[] {
  const seeds = list.split(',').map(Number)
  if (seeds.every(Number.isInteger)) return seeds
  throw new MillraceError('config-invalid', `--seeds ${list} is not a list of whole numbers`, {
    hint: 'Write --seeds 1,2,3',
  })
}

/** The declared signals of the plant's first car stand for all: they are of one template. */
function declared(plant: Plant) {
  return plant.assets[0]!
}

function learnMinutes(plant: Plant): number {
  return Number(declared(plant).signals.find(({ processor }) => processor === 'autoencoder')!.learnMinutes)
}

function drive(plant: Plant, car: Car, learnedS: number): Omit<Outcome, 'seed'> {
  const chain = chainFor(declared(plant), [lifecycle(plant.alarms)])
  const states: States = new Map()
  const opened: { alarm: Alarm; s: number }[] = []
  const known = new Set<string>()
  for (let s = 1; s <= hours * 3_600; s++) {
    car.step(1)
    for (const { topic, value } of runChain(
      states,
      chain,
      eventOf(chain.asset, car.sample(beginMs + 1_000 * s), s),
    )) {
      if (topic !== 'alarms' || known.has(value.id)) continue
      known.add(value.id)
      opened.push({ alarm: structuredClone(value), s })
    }
  }
  const fromS = car.fault?.fromS ?? null
  const found = fromS === null ? undefined : opened.find(({ s }) => s >= fromS)
  return {
    car: car.name,
    fault: car.fault ? tagOfFault(car.fault) : null,
    fromS,
    delayS: found ? found.s - fromS! : null,
    named: found?.alarm.reason.includes(tagOfFault(car.fault!)) ?? false,
    falseAlarms: opened.filter(({ s }) => fromS === null || s < fromS).length,
    soundHours: ((fromS ?? hours * 3_600) - learnedS) / 3_600,
  }
}

/** As the MQTT connector makes it of a car's message. */
function eventOf(asset: string, { time, ...fields }: CarSample, seq: number): ProcessorEvent {
  const tags = Object.keys(fields).map(field => field.replaceAll('_', '-'))
  const each = <T>(value: T) => tags.map(() => value)
  const columns = {
    tag: tags.map((_, i) => i),
    t: each(time! * 1_000),
    value: Object.values(fields),
    status: each(0),
  }
  return { kind: 'telemetry', record: { v: 1, asset, source: 'fleet', epoch: 1, seq, tags, ...columns } }
}

function tableOf(outcomes: readonly Outcome[]): string {
  const header = 'seed,car,fault,from_s,delay_s,named,false_alarms,sound_hours'
  const rows = outcomes.map(({ seed, car, fault, fromS, delayS, named, falseAlarms, soundHours }) =>
    [
      seed,
      car,
      fault ?? '',
      fromS ?? '',
      delayS ?? '',
      named ? 1 : 0,
      falseAlarms,
      soundHours.toFixed(3),
    ].join(','),
  )
  return `${[header, ...rows].join('\n')}\n`
}

function scoresOf(outcomes: readonly Outcome[]): Score[] {
  const faulty = outcomes.filter(({ fault }) => fault !== null)
  const found = faulty.filter(({ delayS }) => delayS !== null)
  const delays = found.map(({ delayS }) => delayS!).sort((a, b) => a - b)
  const sum = (of: (outcome: Outcome) => number) => outcomes.reduce((sum, outcome) => sum + of(outcome), 0)
  const falseAlarms = sum(outcome => outcome.falseAlarms)
  const rate = falseAlarms / sum(outcome => outcome.soundHours)
  const share = found.length / faulty.length
  const named = found.filter(outcome => outcome.named).length
  return [
    { name: 'faults found', value: `${found.length} of ${faulty.length}`, goal: 'all', met: share === 1 },
    { name: 'the faulty tag is in the reason', value: `${named} of ${found.length}` },
    { name: 'delay, median', value: delays[Math.floor(delays.length / 2)] ?? 'none', unit: 's' },
    { name: 'delay, longest', value: delays.at(-1) ?? 'none', unit: 's' },
    { name: 'false alarms', value: falseAlarms },
    { name: 'sound car hours', value: sum(outcome => outcome.soundHours), unit: 'h' },
    { name: 'false alarms per car hour', value: rate, goal: '<= 0.04', met: rate <= 0.04 },
  ]
}
