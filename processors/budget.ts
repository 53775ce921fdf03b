import { Type } from 'typebox'
import type { Micros } from '../model/index.ts'

export const budgetOptions = {
  falseAlarmsPerWeek: Type.Number({
    exclusiveMinimum: 0,
    maximum: 1_000,
    default: 1,
    description:
      'How many alarms a week the signal may raise while nothing is wrong: its threshold follows, by how often it is judged and by what it has raised lately.',
  }),
  holdMs: Type.Integer({
    minimum: 0,
    default: 43_200_000,
    description: 'After an alarm has begun none begins again for this long, ms of source time.',
  }),
}
export type BudgetOptions = { readonly falseAlarmsPerWeek: number; readonly holdMs: number }

/** What was raised, and whether it still is. */
export type Budget = {
  /** Alarms of the last weeks, each counting less with its age. */
  told: number
  t: Micros | null
  /** Usual time between two judgements. */
  interval: Micros
  raised: boolean
  /** Until when none may begin. */
  until: Micros
}

const weekMicros = 7 * 86_400e6
const memoryWeeks = 4
/** An alarm is a run of strange steps, and rarities of neighbours go together: fewer alarms begin than steps are rare. */
const runs = 0.7
const least = 2.3
const gain = 0.5

export function newBudget(): Budget {
  return { told: 0, t: null, interval: 0, raised: false, until: Number.MIN_SAFE_INTEGER }
}

/** Moves on to the time of the next judgement. */
export function pass(budget: Budget, t: Micros): void {
  const apart = budget.t === null ? 0 : Math.max(0, t - budget.t)
  budget.t = t
  if (apart === 0) return
  budget.told *= Math.exp(-apart / (memoryWeeks * weekMicros))
  const usual = budget.interval
  budget.interval = usual === 0 ? apart : usual + 0.02 * (Math.min(apart, 3 * usual) - usual)
}

/**
 * The rarity (-log10 of a share) from which on a step is told, for `tags` tags that are judged side by side. What one
 * week of judgements would exceed as often as the budget allows, raised where more was told of late.
 */
export function thresholdOf(budget: Budget, tags: number, { falseAlarmsPerWeek }: BudgetOptions): number {
  const aWeek = budget.interval > 0 ? (tags * weekMicros) / budget.interval : 1
  const wanted = Math.max(least, Math.log10(aWeek / falseAlarmsPerWeek) - runs)
  return wanted + gain * Math.max(0, budget.told / memoryWeeks / falseAlarmsPerWeek - 1)
}

/** Whether this judgement is an alarm, begun now or going on. */
export function raise(budget: Budget, t: Micros, exceeds: boolean, { holdMs }: BudgetOptions): boolean {
  if (!exceeds) budget.raised = false
  else if (!budget.raised && t >= budget.until) {
    budget.raised = true
    budget.until = t + holdMs * 1_000
    budget.told++
  }
  return budget.raised
}
