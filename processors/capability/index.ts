import { type Static, Type } from 'typebox'
import type { Evidence, Micros, Output, Processor, ProcessorEvent, Signal } from '../../model/index.ts'
import { MillraceError } from '../../model/index.ts'
import type { ProcessorKind } from '../contract.ts'
import { witnessAll } from '../evidence.ts'
import { type Measured, measuredOptions, measuring } from '../measured.ts'
import { actual, type Interval, overall, potential, within } from './indices.ts'

export const CapabilityOptions = Type.Object(
  {
    ...measuredOptions,
    lower: Type.Optional(
      Type.Number({ description: 'Lower specification limit, in the unit of what is measured.' }),
    ),
    upper: Type.Optional(Type.Number({ description: 'Upper specification limit.' })),
    over: Type.Integer({
      minimum: 10,
      maximum: 2_000,
      default: 100,
      description: 'How many last measurements it is computed from.',
    }),
    least: Type.Integer({
      minimum: 10,
      default: 30,
      description: 'Below so many it is not known.',
    }),
    every: Type.Integer({
      minimum: 1,
      default: 10,
      description: 'Given out once every so many measurements.',
    }),
    confidence: Type.Number({
      minimum: 0.5,
      maximum: 0.999,
      default: 0.95,
      description: 'That the index is in its interval, for normal measurements.',
    }),
    warning: Type.Optional(
      Type.Number({ description: 'The verdict is warning when all of the interval of Cpk is below it.' }),
    ),
    alarm: Type.Optional(Type.Number({ description: 'The same for alarm.' })),
  },
  { additionalProperties: false },
)
export type CapabilityOptions = Static<typeof CapabilityOptions>

type Options = CapabilityOptions & { readonly name: string }
type State = {
  t: Micros | null
  values: number[]
  since: number
  evidence: Evidence[]
  unknown: string | null
}
type Setting = { readonly asset: string; readonly options: Options; readonly what: string }

/** Cp, Cpk, Pp and Ppk of the last measurements with their confidence intervals. The value is Cpk. */
export const capability: ProcessorKind<CapabilityOptions> = {
  kind: 'capability',
  options: CapabilityOptions,
  create(asset, options) {
    refuseLimits(asset.id, options)
    const measured = measuring(asset, options)
    const setting = { asset: asset.id, options, what: measured.what }
    return {
      name: options.name,
      initial: () => ({ t: null, values: [], since: 0, evidence: [], unknown: null }),
      step: (state, event: ProcessorEvent) => [
        state,
        measured.of(event).flatMap(one => taken(state, one, setting)),
      ],
    } satisfies Processor<State>
  },
}

function refuseLimits(asset: string, { name, lower, upper }: Options): void {
  const none = lower === undefined && upper === undefined
  if (!none && (lower ?? Number.NEGATIVE_INFINITY) < (upper ?? Number.POSITIVE_INFINITY)) return
  const problem = none ? 'has no specification limit' : 'has its lower limit not below its upper limit'
  throw new MillraceError('config-invalid', `${asset}, signal ${name} ${problem}`, {
    hint: 'Give `lower`, `upper` or both',
  })
}

function taken(state: State, measured: Measured, setting: Setting): Output[] {
  const { t, value } = measured
  if (state.t !== null && t < state.t) return []
  state.t = t
  if (typeof value === 'string') {
    if (state.unknown === value) return []
    state.unknown = value
    return output(setting, measured, { verdict: 'not-known', value: null, reason: value }, measured.evidence)
  }
  state.unknown = null
  state.values.push(value)
  if (state.values.length > setting.options.over) state.values.shift()
  witnessAll(state.evidence, measured.evidence)
  state.since += 1
  if (state.since < setting.options.every) return []
  const given = output(setting, measured, judged(state.values, setting), state.evidence)
  Object.assign(state, { since: 0, evidence: [] })
  return given
}

type Judgement = Pick<Signal, 'verdict' | 'value' | 'reason' | 'details'>

function judged(values: readonly number[], { options, what }: Setting): Judgement {
  const { least, confidence, warning = Number.NEGATIVE_INFINITY, alarm = Number.NEGATIVE_INFINITY } = options
  const unknown = (reason: string): Judgement => ({ verdict: 'not-known', value: null, reason })
  if (values.length < least)
    return unknown(`Only ${values.length} measurements of ${what}; its capability is known from ${least} on`)
  const short = within(values)
  const long = overall(values)
  if (!(short.sigma > 0))
    return unknown(`${what} does not vary in ${values.length} measurements: what is measured?`)
  const cpk = actual(options, short, confidence)
  const verdict = cpk.high < alarm ? 'alarm' : cpk.high < warning ? 'warning' : 'normal'
  const indices = {
    Cp: potential(options, short, confidence),
    Cpk: cpk,
    Pp: potential(options, long, confidence),
    Ppk: actual(options, long, confidence),
  }
  const reason = `Cpk of ${what} is ${two(cpk.value)}, with ${Math.round(100 * confidence)} % confidence between ${two(cpk.low)} and ${two(cpk.high)}, from ${values.length} measurements`
  const details = { ...flat(indices), mean: long.mean, sigma: long.sigma, measurements: values.length }
  return { verdict, value: round(cpk.value), reason, details }
}

function flat(indices: Readonly<Record<string, Interval | undefined>>): Record<string, number> {
  return Object.fromEntries(
    Object.entries(indices).flatMap(([name, index]) =>
      index === undefined
        ? []
        : [
            [name, round(index.value)],
            [`${name}Low`, round(index.low)],
            [`${name}High`, round(index.high)],
          ],
    ),
  )
}

const two = (value: number) => value.toFixed(2)
const round = (value: number) => Number(value.toPrecision(7))

function output(
  { asset, options }: Setting,
  { t }: Measured,
  judgement: Judgement,
  evidence: readonly Evidence[],
): Output[] {
  const { name: signal, warning, alarm } = options
  const limits = { ...(warning !== undefined && { warning }), ...(alarm !== undefined && { alarm }) }
  const value: Signal = {
    v: 1,
    asset,
    signal,
    processor: 'capability',
    t,
    unit: '1',
    ...judgement,
    ...(Object.keys(limits).length > 0 && { limits }),
    evidence: structuredClone([...evidence]),
  }
  return [{ topic: 'signals', t, value }]
}
