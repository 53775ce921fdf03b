import { type Static, Type } from 'typebox'
import { type Micros, MillraceError, type Tag } from '../../model/index.ts'
import { notKnown, type Opinion } from '../announce.ts'
import { type Known, tagKind } from '../tag-kind.ts'
import { tagOptions } from '../tag-options.ts'
import { spanText, valueText } from '../trust.ts'

const bounds = (description: string) =>
  Type.Optional(
    Type.Object(
      {
        above: Type.Optional(Type.Number({ description: 'Rises faster; in the unit of the tag a minute.' })),
        below: Type.Optional(
          Type.Number({ description: 'Falls faster: a negative number, in the unit of the tag a minute.' }),
        ),
      },
      { additionalProperties: false, description },
    ),
  )

export const RateOfChangeOptions = Type.Object(
  {
    ...tagOptions,
    warning: bounds('Rates beyond which the verdict is warning.'),
    alarm: bounds('Rates beyond which the verdict is alarm.'),
    overMs: Type.Integer({
      minimum: 1,
      default: 60_000,
      description: 'The rate is that over this long, by the means of its eighths, ms of source time.',
    }),
  },
  { additionalProperties: false },
)
export type RateOfChangeOptions = Static<typeof RateOfChangeOptions>

/** Means of the last eighths of the span, oldest first; the last one grows. */
type Rates = { parts: { from: Micros; n: number; t: number; value: number }[] }

/** Compares how fast a tag rises or falls with limits. */
export const rateOfChange = tagKind<Rates, RateOfChangeOptions>({
  kind: 'rate-of-change',
  options: RateOfChangeOptions,
  initial: () => ({ parts: [] }),
  broken(own) {
    own.parts = []
  },
  unit: ({ unit }) => `${unit ?? ''}/min`,
  refuse(asset, { name, warning, alarm }) {
    const given = [warning?.above, warning?.below, alarm?.above, alarm?.below]
    if (given.some(limit => limit !== undefined)) return
    throw new MillraceError('config-invalid', `${asset}, signal ${name} has no limit`, {
      hint: 'Give warning and alarm as {above: ..., below: ...}, per minute',
    })
  },
  judge(own, sample, tag, options) {
    const over = options.overMs * 1_000
    collect(own, sample, over)
    const [first] = own.parts
    const last = own.parts.at(-1)!
    const apart = last.t - first!.t
    // The means of the outer eighths are seven eighths apart once the span is full.
    if (sample.t - first!.from < over * 0.9 || apart <= 0)
      return notKnown(`its rate is known once samples go back ${spanText(over)}`)
    return judged(((last.value - first!.value) * 60e6) / apart, sample.value, over, tag, options)
  },
})

function collect({ parts }: Rates, { t, value }: Known, over: Micros): void {
  const part = parts.at(-1)
  if (part === undefined || t >= part.from + over / 8) parts.push({ from: t, n: 1, t, value })
  else {
    part.n++
    part.t += (t - part.t) / part.n
    part.value += (value - part.value) / part.n
  }
  while (parts.length > 2 && parts[1]!.from <= t - over) parts.shift()
}

function judged(rate: number, value: number, over: Micros, tag: Tag, options: RateOfChangeOptions): Opinion {
  const { warning, alarm } = options
  const isBeyond = (limit: typeof warning) =>
    rate > (limit?.above ?? Number.POSITIVE_INFINITY) || rate < (limit?.below ?? Number.NEGATIVE_INFINITY)
  const verdict = isBeyond(alarm) ? 'alarm' : isBeyond(warning) ? 'warning' : 'normal'
  const side = rate < 0 ? 'below' : 'above'
  const limits = {
    ...(warning?.[side] !== undefined && { warning: warning[side] }),
    ...(alarm?.[side] !== undefined && { alarm: alarm[side] }),
  }
  const reason = () => {
    const way = rate < 0 ? 'falls' : 'rises'
    const speed = `${tag.name} ${way} by ${valueText(Math.abs(rate), tag)} a minute (over ${spanText(over)}), it is ${valueText(value, tag)}`
    const limit = verdict === 'normal' ? undefined : options[verdict]?.[side]
    return limit === undefined ? speed : `${speed}; the ${verdict} limit is ${valueText(limit, tag)} a minute`
  }
  return { verdict, value: rate, limits, reason }
}
