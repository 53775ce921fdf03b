import type { Tag } from '../../model/index.ts'
import { valueText } from '../trust.ts'
import type { Surprise } from './ensemble.ts'

/** What the greatest surprise is, for a person; `often` like "1 time in 2,000". */
export function reasonOf(
  tag: Tag,
  { rarity, question, expected, step }: Surprise & { step: { mean: number } },
): string {
  const now = `${tag.name} is ${valueText(step.mean, tag)}`
  const often = `so strange about 1 time in ${Math.round(10 ** Math.min(9, rarity)).toLocaleString('en')}`
  const usual = valueText(expected, tag)
  switch (question) {
    case 'level':
      return `${now}, usually about ${usual}: ${often}`
    case 'step':
      return `${now} after ${usual} a step before: ${often}`
    case 'noise':
      return `${now} and fluctuates more than usual (standard deviation about ${usual}): ${often}`
    case 'time of day':
      return `${now}, at this time of day usually about ${usual}: ${often}`
    case 'trend':
      return `${now} and has stayed off what is usual at this time of day, about ${usual}: ${often}`
  }
}
