import type { Rival } from '../../edge-broker/lease/claim.ts'
import { type Owned, own, readClaim } from '../../edge-broker/lease/own.ts'
import { diskPlace } from '../../edge-broker/task/disk-position.ts'
import { drain } from '../../edge-broker/task/drain.ts'
import { abortedAfter, coded, MillraceError, untilOneFails } from '../../model/index.ts'
import { leaving } from '../divide.ts'
import { persistently } from '../persistently.ts'
import { type Books, backlogFor, failureOf, recallFor, troubleOf } from './books.ts'
import { note } from './notes.ts'
import { permission, readWhile } from './reading.ts'
import { isAlone, type Seat } from './seat.ts'
import { dropSuperseded } from './settling.ts'

/** How long an owner that leaves in order goes on sending what it has read, ms. */
const partingMs = 2_000

/**
 * Reads the source and moves what is read into Kafka, until the seat is not wanted any more or another server has it.
 * A session is ended before the rest is sent, and the rest before anybody else is let in.
 */
export async function ownSource(seat: Seat, books: Books): Promise<void> {
  const { presence, spec, context } = seat
  let owned: Owned | undefined
  const leave = leaving(seat, presence, context.signal)
  const permitted = permission(seat, books.buffer, () => owned)
  const read = new AbortController()
  presence.say(spec.name, 'held')
  try {
    await untilOneFails(new AbortController().signal, ending => {
      const until = AbortSignal.any([leave.signal, ending])
      const tell = (claimed: Owned) => {
        owned = claimed
        presence.ring()
      }
      const signals = {
        until,
        last: read.signal,
        end: AbortSignal.any([ending, abortedAfter(read.signal, partingMs)]),
      }
      return [
        readWhile(permitted, seat, books, until).finally(() => read.abort()),
        claimAndDrain(seat, books, signals, tell),
        watchOthers(seat, () => owned !== undefined, until),
      ]
    })
  } catch (thrown) {
    const error = coded(thrown, 'internal', `owning ${spec.name} failed`)
    if (error.code !== 'fenced') throw error
    context.log.warn({ source: spec.name }, 'another server has it')
  } finally {
    leave.done()
    await owned?.task.close().catch(() => {})
    const isLeft = presence.isKnown() && presence.holding().size > 1
    if (!context.signal.aborted || isLeft) yielded(seat, books)
    presence.say(spec.name, books.buffer.waiting > 0 ? 'settling' : undefined)
  }
}

/** It is another's now, or nobody's: this server does not begin with it when it starts again. */
function yielded(seat: Seat, { account, buffer }: Books): void {
  seat.wanted = false
  note(buffer, { owner: false, autonomous: false })
  account.state('stopped')
}

type Signals = {
  /** The source is to be left. */
  readonly until: AbortSignal
  /** Nothing more comes in. */
  readonly last: AbortSignal
  /** Whatever is still to be sent stays. */
  readonly end: AbortSignal
}

async function claimAndDrain(
  seat: Seat,
  books: Books,
  { until, last, end }: Signals,
  tell: (owned: Owned) => void,
): Promise<void> {
  const { context, spec } = seat
  const { buffer } = books
  const owned = await claimed(seat, books, until, end)
  if (!owned) return
  if (owned.predecessor !== undefined) succeed(books, owned.resume)
  const remember = () =>
    note(buffer, { term: owned.claim.term, owner: true, autonomous: owned.claim.autonomous })
  remember()
  tell(owned)
  context.log.info({ source: spec.name, term: owned.claim.term, before: owned.predecessor }, 'claimed')
  await persistently(trying(seat), end, () => dropSuperseded(seat, books, end))
  await drain({
    task: owned.task,
    source: spec.name,
    server: context.server.name,
    backlog: backlogFor({ context, spec }, buffer),
    ...recallFor(seat, besides(seat)),
    last,
    signal: end,
    onTrouble: troubleOf(context, spec),
    beside(receivedAt) {
      const also = owned.beside(receivedAt)
      const kept = () => {
        also?.kept()
        remember()
      }
      return also && { ...also, kept }
    },
  })
}

/** Under which this server has sent rows of the source while another owned it. */
const besides = ({ spec, context }: Seat) => [diskPlace(spec.name, context.server.name).group]

/** Goes on where another server has stopped; what was between the two, nobody can tell without its word. */
function succeed({ account, buffer }: Books, resume: string | undefined): void {
  buffer.resumeFrom(resume)
  if (resume === undefined) account.report.lost(undefined, 'outage', 'unknown')
}

const trying = ({ context, spec }: Seat) => ({
  failure: (thrown: unknown) => failureOf(spec, thrown),
  onTrouble: troubleOf(context, spec),
})

/** Claims as soon as it is known that no other server that is here holds it, and Kafka takes the claim. */
async function claimed(
  seat: Seat,
  { buffer }: Books,
  until: AbortSignal,
  end: AbortSignal,
): Promise<Owned | undefined> {
  const { context, kafka, presence, servers, spec } = seat
  const onBehind = ({ since, epoch }: Rival) => {
    if (since !== null) note(buffer, { behind: { since, epoch: epoch!, upTo: buffer.lastSeq } })
  }
  while (!isAlone(seat) && !presence.isKnown() && !until.aborted) await presence.change(until, 500)
  return persistently(trying(seat), until, () => {
    if (heldElsewhere(seat)) throw anothers(seat)
    return own({
      kafka,
      source: spec.name,
      server: context.server.name,
      servers,
      maxSessions: spec.maxSessions,
      wordOf: of => presence.word(of, spec.name),
      backlog: backlogFor({ context, spec }, buffer),
      ...recallFor(seat, besides(seat)),
      signal: end,
      onBehind,
    })
  })
}

/** Who has nothing to send does not find out by sending that another has claimed the source. */
async function watchOthers(seat: Seat, isOwner: () => boolean, signal: AbortSignal): Promise<void> {
  const { context, kafka, presence, spec } = seat
  while (!signal.aborted) {
    if (isOwner() && heldElsewhere(seat)) {
      const claim = await readClaim(kafka, spec.name).catch(() => undefined)
      if (claim && claim.server !== context.server.name) throw anothers(seat)
    }
    await presence.change(signal, 1_000)
  }
}

function heldElsewhere({ presence, spec, context }: Seat): boolean {
  const others = [...presence.holding()].filter(([server]) => server !== context.server.name)
  return others.some(([, { held }]) => held.has(spec.name))
}

function anothers({ spec }: Seat): MillraceError {
  return new MillraceError('fenced', `another server reads ${spec.name}`)
}
