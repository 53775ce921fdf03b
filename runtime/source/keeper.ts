import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SourceSpec } from '../../config/plant.ts'
import { MillraceError } from '../../model/index.ts'
import { sourceDir } from '../layout.ts'
import { type Books, failureOf, troubleOf, withBooks } from './books.ts'
import { notesOf } from './notes.ts'
import { ownSource } from './owning.ts'
import { isAlone, type Seat } from './seat.ts'
import { settle } from './settling.ts'

/** What fails in one source for good needs a person, whose mending must show without a restart. */
const againMs = 20_000

/** Before the first beat: a source that this server has had may have rows on its disk that were never sent. */
export function announce({ context, presence, spec }: Seat): void {
  if (existsSync(sourceDir(context.stateDir, spec.name))) presence.say(spec.name, 'settling')
}

/** One source until aborted. What fails in it is told and tried again, while the other sources run on. */
export async function keepSource(seat: Seat): Promise<void> {
  const { context, kafka, spec } = seat
  const { signal, log } = context
  while (!signal.aborted) {
    try {
      await withBooks(context, kafka, spec, books => tend(seat, books))
    } catch (thrown) {
      const { code, explanation } = failureOf(spec, thrown)
      log.error({ source: spec.name, code }, explanation)
      context.metrics.failed({ code })
      seat.presence.say(spec.name, 'failed')
      await sleep(againMs, undefined, { signal }).catch(() => {})
    }
  }
}

/** A source that the plant no longer declares is not read, and ends once nothing of it waits on disk. */
export async function retireSource(seat: Seat): Promise<void> {
  const { context, kafka, spec, presence } = seat
  const { signal } = context
  try {
    await withBooks(context, kafka, spec, async books => {
      books.account.state('stopped', undeclared(spec))
      while (books.buffer.waiting > 0 && !signal.aborted) await settleSoon(seat, books)
    })
  } catch (thrown) {
    troubleOf(context, spec)(failureOf(spec, thrown))
  } finally {
    presence.say(spec.name, undefined)
  }
}

const undeclared = ({ name }: SourceSpec) =>
  new MillraceError('config-invalid', `the plant folder no longer declares "${name}"`)

/** Who had the source when this service ended has it again, unless another has taken it. */
async function tend(seat: Seat, books: Books): Promise<void> {
  const { context, presence, spec } = seat
  const { signal } = context
  seat.wanted ||= isAlone(seat) || notesOf(books.buffer).owner
  while (!signal.aborted) {
    if (seat.wanted) await ownSource(seat, books)
    else if (books.buffer.waiting > 0) await settleSoon(seat, books)
    else {
      presence.say(spec.name, undefined)
      await presence.change(signal, 1_000)
    }
  }
}

async function settleSoon(seat: Seat, books: Books): Promise<void> {
  const { context, spec, presence } = seat
  try {
    if (presence.isKnown()) await settle(seat, books)
  } catch (thrown) {
    troubleOf(context, spec)(failureOf(spec, thrown))
  }
  if (books.buffer.waiting > 0) await sleep(1_000, undefined, { signal: context.signal }).catch(() => {})
}
