import type { Tag } from '../../model/index.ts'
import { qualityOf } from '../../model/index.ts'
import { numberOf, type Reading } from '../readings.ts'
import type { Cut } from './options.ts'

/** What is known of a cutting tag: its last good value, and why it could not be read since, if it could not. */
export type CutState = { last: number | string | boolean | null; unread: string | null }

/** `doubt` says why what lies before the cut may not be one part, `unseen` why its begin may have been earlier. */
export type Cutting = { readonly cut: boolean; readonly doubt?: string; readonly unseen?: string }

const none: Cutting = { cut: false }

export const newCut = (): CutState => ({ last: null, unread: null })

/** Moves the state on by one reading. The first one cuts nothing: what was before it is not known. */
export function cutBy(state: CutState, cut: Cut, reading: Reading, tag: Tag): Cutting {
  const value = readable(cut, reading, tag)
  if (value === undefined) {
    state.unread = notReadable(cut, reading, tag)
    return { cut: false, doubt: state.unread }
  }
  const before = state.last
  const unseen = state.unread
  Object.assign(state, { last: value, unread: null })
  if (before === null) return none
  const cutting = compared(cut, before, value)
  return cutting.cut && unseen !== null ? { ...cutting, doubt: unseen, unseen } : cutting
}

function compared(
  cut: Cut,
  before: NonNullable<CutState['last']>,
  value: NonNullable<CutState['last']>,
): Cutting {
  switch (cut.on) {
    case 'change':
      return { cut: value !== before }
    case 'value':
      return { cut: value === cut.value && before !== cut.value }
    case 'rising':
      return { cut: Number(before) < cut.level && Number(value) >= cut.level }
    case 'falling':
      return { cut: Number(before) > cut.level && Number(value) <= cut.level }
    case 'count':
      return counted(cut.tag, Number(before), Number(value))
  }
}

function counted(tag: string, before: number, value: number): Cutting {
  if (value === before) return none
  const missed = value - before - 1
  if (missed === 0) return { cut: true }
  const went = `${tag} went from ${before} to ${value}`
  return { cut: true, doubt: missed > 0 ? `${went}: ${missed} more parts were not seen` : `${went}, back` }
}

function readable(cut: Cut, reading: Reading, tag: Tag): NonNullable<CutState['last']> | undefined {
  const { value, status } = reading
  if (qualityOf(status) !== 'good') return undefined
  if (cut.on === 'change' || cut.on === 'value') {
    const plain = typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value)
    return plain ? (value as string | number | boolean) : undefined
  }
  const number = numberOf(typeof value === 'boolean' ? { ...reading, value: Number(value) } : reading, tag)
  return typeof number === 'number' ? number : undefined
}

function notReadable(cut: Cut, reading: Reading, tag: Tag): string {
  const why = numberOf(reading, tag)
  const told = typeof why === 'string' ? why : `${cut.tag} cannot be read`
  return `${told}, so that a part's begin or end may have been missed`
}
