import type { DiskBuffer } from '../../connectors/buffer/buffer.ts'
import { connectors } from '../../connectors/index.ts'
import { keepConnected, type SessionOptions } from '../../connectors/session.ts'
import type { Owned } from '../../edge-broker/lease/own.ts'
import type { Presence } from '../../edge-broker/lease/presence.ts'
import { type Books, troubleOf } from './books.ts'
import { type Notes, notesOf } from './notes.ts'
import { isAlone, type Seat } from './seat.ts'

export type Permission = {
  may(): boolean
  /** The device has given to another session what it gave to this one. */
  displaced(): void
}

/**
 * Whether this server may have a session with the device now: when it has claimed the source and the others can know that
 * it holds it, its predecessor's session is over, and no other can have taken it for dead; or when its claim says that it
 * may read on alone, and nobody has displaced it: of two that take a subscription from each other none reads well.
 */
export function permission(seat: Seat, buffer: DiskBuffer, owned: () => Owned | undefined): Permission {
  const { presence, spec } = seat
  let isDisplaced = false
  let predecessorGone = false
  let isSaid = false
  const isGone = ({ predecessor }: Owned): boolean =>
    predecessor === undefined ||
    presence.word(predecessor, spec.name) !== 'held' ||
    !presence.isAlive(predecessor)
  const may = (): boolean => {
    const own = owned()
    const hasLease = presence.leaseLeftMs() > 0
    if (hasLease || isAlone(seat)) isDisplaced = false
    if (!own) return isAlone(seat) || (presence.isAway() && mayBegin(notesOf(buffer)) && !isDisplaced)
    isSaid ||= isAlone(seat) || presence.isSaid(spec.name)
    predecessorGone ||= isGone(own)
    return isSaid && predecessorGone && (hasLease || (own.claim.autonomous && !isDisplaced))
  }
  const displaced = () => {
    isDisplaced = true
  }
  return { may, displaced }
}

/** As in a hall whose power is back while its brokers still start: who had it last reads on. */
const mayBegin = ({ owner, autonomous }: Notes): boolean => owner && autonomous

const untilLeaseEnds = ({ leaseLeftMs }: Presence): number => Math.min(500, Math.max(20, leaseLeftMs()))

/** Reads the device whenever it may, until aborted. */
export async function readWhile(
  { may, displaced }: Permission,
  seat: Seat,
  books: Books,
  signal: AbortSignal,
): Promise<void> {
  const { presence } = seat
  while (!signal.aborted) {
    if (!may()) {
      await presence.change(signal, 100)
      continue
    }
    const over = new AbortController()
    const ending = AbortSignal.any([signal, over.signal])
    const reading = keepConnected({
      ...sessionOf(seat, books),
      mayKeep: may,
      onDisplaced: displaced,
      signal: ending,
    })
    while (may() && !signal.aborted) await presence.change(signal, untilLeaseEnds(presence))
    over.abort()
    await reading
  }
}

function sessionOf(
  { context, spec }: Seat,
  { account, buffer, stateDir }: Books,
): Pick<SessionOptions, 'open' | 'account' | 'buffer' | 'refuses' | 'onTrouble'> {
  const kind = connectors[spec.connector]!
  const endpoint = context.endpoint(spec.name) ?? spec.options.endpoint
  const source = { name: spec.name, options: { ...spec.options, endpoint }, tags: spec.tags, stateDir }
  return {
    open: resume =>
      kind.open({ ...source, ...(resume !== undefined && { resume }) } as never, account.report),
    account,
    buffer,
    refuses: kind.refuses ?? false,
    onTrouble: troubleOf(context, spec),
  }
}
