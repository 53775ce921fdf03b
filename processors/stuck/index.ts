import { type Static, Type } from 'typebox'
import { type Micros, MillraceError } from '../../model/index.ts'
import type { Opinion } from '../announce.ts'
import { tagKind } from '../tag-kind.ts'
import { tagOptions } from '../tag-options.ts'
import { spanText, valueText } from '../trust.ts'

export const StuckOptions = Type.Object(
  {
    ...tagOptions,
    afterMs: Type.Integer({
      minimum: 1,
      default: 900_000,
      description: 'For how long a value must not have moved to be told, ms of source time.',
    }),
    tolerance: Type.Number({
      minimum: 0,
      default: 0,
      description:
        'Movement that counts as none, in the unit of the tag: 0 tells a value that is exactly the same, more tells a flat line.',
    }),
    states: Type.Optional(
      Type.Array(Type.String(), {
        minItems: 1,
        description: 'States of stateTag in which the tag must move; left out: all.',
      }),
    ),
    severity: Type.Union([Type.Literal('warning'), Type.Literal('alarm')], {
      default: 'warning',
      description: 'The verdict on a value that does not move.',
    }),
  },
  { additionalProperties: false },
)
export type StuckOptions = Static<typeof StuckOptions>

/** Since when the value has stayed between `low` and `high`. */
type Still = { since: Micros | null; low: number; high: number }

/** Tells a sensor that no longer moves: exactly the same value, or a flat line within a tolerance. */
export const stuck = tagKind<Still, StuckOptions>({
  kind: 'stuck',
  options: StuckOptions,
  initial: () => ({ since: null, low: 0, high: 0 }),
  broken(own) {
    own.since = null
  },
  unit: () => 's',
  refuse(asset, { name, states, stateTag }) {
    if (states === undefined || stateTag !== undefined) return
    throw new MillraceError('config-invalid', `${asset}, signal ${name} has states without a stateTag`, {
      hint: 'Give stateTag the name of the tag that says what the machine does',
    })
  },
  judge(own, { t, value, state }, tag, { afterMs, tolerance, states, severity }): Opinion {
    const low = Math.min(own.low, value)
    const high = Math.max(own.high, value)
    if (own.since === null || high - low > tolerance)
      Object.assign(own, { since: t, low: value, high: value })
    else Object.assign(own, { low, high })
    const still = t - own.since!
    const limits = { [severity]: afterMs / 1_000 }
    const now = () => `${tag.name} is ${valueText(value, tag)}`
    const common = { value: still / 1e6, limits }
    if (states !== undefined && !states.includes(state)) {
      own.since = t
      return {
        ...common,
        verdict: 'normal',
        value: 0,
        reason: () => `${now()}; it need not move in state "${state}"`,
      }
    }
    if (still < afterMs * 1_000)
      return {
        ...common,
        verdict: 'normal',
        reason: () => `${now()}, and has moved within ${spanText(afterMs * 1_000)}`,
      }
    const how = tolerance === 0 ? 'exactly the same' : `within ${valueText(tolerance, tag)}`
    return {
      ...common,
      verdict: severity,
      reason: () => `${now()}, and has been ${how} for ${spanText(still)}: the sensor may be stuck`,
    }
  },
})
