import type { Micros, Part, PartVerdict } from '../../model/index.ts'

/** What counts of a part: the highest revision of an id. */
export type JudgedPart = {
  readonly id: string
  readonly revision: number
  readonly verdict: PartVerdict
}

/** How many parts of a shift have which verdict, and its last parts: one that is given out again is still the same. */
export type Verdicts = { ok: number; notGood: number; notJudged: number; last: JudgedPart[] }

/** A correction is looked for among so many last parts of the shift. */
const mostKept = 50

export const newVerdicts = (): Verdicts => ({ ok: 0, notGood: 0, notJudged: 0, last: [] })

/** Undefined while its cycle lasts: what is scrap before is told again at its end. */
export function endedPart({ id, revision, verdict, final, end }: Part): [Micros, JudgedPart] | undefined {
  return final && end !== null ? [end, { id, revision, verdict }] : undefined
}

/** Counts a part that has not been counted. */
export function addPart(verdicts: Verdicts, part: JudgedPart): void {
  verdicts[columnOf(part)]++
  verdicts.last.push(part)
  if (verdicts.last.length > mostKept) verdicts.last.shift()
}

/** Puts the part in place of what was counted under its id. False where nothing was. */
export function replacePart(verdicts: Verdicts, part: JudgedPart): boolean {
  const at = verdicts.last.findIndex(({ id }) => id === part.id)
  const before = verdicts.last[at]
  if (before === undefined) return false
  if (part.revision <= before.revision) return true
  verdicts[columnOf(before)]--
  verdicts[columnOf(part)]++
  verdicts.last[at] = part
  return true
}

function columnOf({ verdict }: JudgedPart): 'ok' | 'notGood' | 'notJudged' {
  if (verdict === 'not-known') return 'notJudged'
  return verdict === 'ok' ? 'ok' : 'notGood'
}
