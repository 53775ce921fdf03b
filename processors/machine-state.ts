import { Type } from 'typebox'
import { type Micros, qualityOf } from '../model/index.ts'
import type { Reading } from './readings.ts'
import { spanText } from './trust.ts'

export const machineStateOptions = {
  stateTag: Type.Optional(
    Type.String({
      description:
        'Tag that says what the machine is doing (a mode, a product, a recipe; at most eight values): each value has a baseline of its own.',
    }),
  ),
  settleMs: Type.Integer({
    minimum: 0,
    default: 300_000,
    description: 'How long nothing is judged after that tag has changed, ms of source time.',
  }),
}

/** What the machine is doing; `since` is the source time of the change. */
export type MachineState = { key: string | null; since: Micros; why: string | null }

export const mostStates = 8

export function newMachineState(): MachineState {
  return { key: null, since: Number.MIN_SAFE_INTEGER, why: 'what the machine does is not known yet' }
}

/** Takes a sample of the state's tag; true where it changes the state. */
export function enter(state: MachineState, { t, value, status }: Reading, name: string): boolean {
  const isName = typeof value === 'string' || typeof value === 'boolean' || Number.isSafeInteger(value)
  const good = qualityOf(status) === 'good' && isName
  const key = good ? String(value).slice(0, 40) : null
  state.why = good ? null : `what the machine does is not known: ${name} is bad or no name or whole number`
  if (key === state.key) return false
  // The first state is met in its midst as a rule: only a change is waited out.
  if (state.since !== Number.MIN_SAFE_INTEGER || state.key !== null) state.since = t
  else state.since = Number.MIN_SAFE_INTEGER + 1
  state.key = key
  return true
}

/** Why nothing is judged at `t`; null where it is. */
export function whyUnsettled(
  state: MachineState,
  t: Micros,
  { settleMs }: { readonly settleMs: number },
): string | null {
  if (state.why !== null) return state.why
  if (t - state.since >= settleMs * 1_000) return null
  return `the machine changed to "${state.key}" ${spanText(t - state.since)} ago and is still settling`
}
