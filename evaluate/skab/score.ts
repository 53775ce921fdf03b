/** Rows at the beginning of a run that are learned, and not scored. */
export const trained = 400

export type Scored = {
  readonly name: string
  readonly alarms: readonly boolean[]
  readonly labels: readonly boolean[]
}

export type Outcome = {
  /** Per cent of the rows of that kind, over all runs, behind the trained ones. */
  readonly falseAlarms: number
  readonly missed: number
  /** An event is a run of anomalous rows; it is found where the state is called anomalous in any of them. */
  readonly found: number
  readonly events: number
}

export function outcomeOf(runs: readonly Scored[]): Outcome {
  const sum = { normal: 0, alarmed: 0, anomalous: 0, missed: 0, found: 0, events: 0 }
  for (const { alarms, labels } of runs) {
    let seen = false
    for (let i = trained; i < labels.length; i++) {
      const [label, alarm] = [labels[i]!, alarms[i]!]
      if (!label) {
        sum.normal++
        if (alarm) sum.alarmed++
        continue
      }
      if (i === trained || !labels[i - 1]) {
        sum.events++
        seen = false
      }
      sum.anomalous++
      if (!alarm) sum.missed++
      else if (!seen) {
        seen = true
        sum.found++
      }
    }
  }
  const { normal, alarmed, anomalous, missed, found, events } = sum
  return { falseAlarms: (100 * alarmed) / normal, missed: (100 * missed) / anomalous, found, events }
}
