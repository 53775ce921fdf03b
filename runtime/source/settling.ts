import { setImmediate as turn } from 'node:timers/promises'
import type { DiskBuffer } from '../../connectors/buffer/buffer.ts'
import { beforeFirsts, type IsOurs, withoutSuperseded } from '../../connectors/buffer/superseded.ts'
import { connectors } from '../../connectors/index.ts'
import { firstSamples, namesSent, sampleName, settledAfterMs } from '../../edge-broker/lease/elsewhere.ts'
import { readClaim } from '../../edge-broker/lease/own.ts'
import { diskPlace, unpackPosition } from '../../edge-broker/task/disk-position.ts'
import { drain, startOf } from '../../edge-broker/task/drain.ts'
import type { Micros } from '../../model/index.ts'
import { type Books, backlogFor, partitionsOf, recallFor, troubleOf } from './books.ts'
import { forgetBehind, type Notes, note, notesOf } from './notes.ts'
import type { Seat } from './seat.ts'

const pieceBytes = 2_000_000

/**
 * Sends what this server has read of a source that another has now, but for what the other has read as well: that is
 * known once the other has read for a while, and this one no more. Until then nothing is sent; it is safe on the disk.
 */
export async function settle(seat: Seat, books: Books): Promise<void> {
  const { context, kafka, spec, presence } = seat
  const { buffer } = books
  const rival = (await readClaim(kafka, spec.name))?.rivals[context.server.name]
  if (rival && (rival.since === null || !isSettled(rival.since) || !isSettled(newest(buffer)))) return
  if (rival) note(buffer, { behind: { since: rival.since!, epoch: rival.epoch!, upTo: buffer.lastSeq } })
  await dropSuperseded(seat, books, context.signal)
  await sendRest(seat, books)
  if (buffer.waiting === 0) presence.say(spec.name, undefined)
}

/** Takes out of the rows that were read beside another server what the other has sent, and counts it. */
export async function dropSuperseded(seat: Seat, { account, buffer }: Books, signal: AbortSignal) {
  const { behind } = notesOf(buffer)
  if (!behind) return
  const { upTo } = behind
  const isOurs = await oursBeside(seat, buffer, behind)
  let at = await sentUpTo(seat, buffer)
  while (at < upTo && !signal.aborted) {
    at = dropPiece(isOurs, { account, buffer }, at, upTo)
    await turn()
  }
  if (!signal.aborted) forgetBehind(buffer)
}

/** What another has read and will send, of the same messages, is in Kafka a while after. */
const isSettled = (since: Micros): boolean => Date.now() - since / 1000 >= settledAfterMs

/** When the newest row came in. */
const newest = (buffer: DiskBuffer): Micros => buffer.receivedAfter(buffer.lastSeq - 1) ?? 0

async function oursBeside(
  seat: Seat,
  buffer: DiskBuffer,
  { since, epoch }: NonNullable<Notes['behind']>,
): Promise<IsOurs> {
  const { kafka, spec } = seat
  const of = { kafka, source: spec.name, since, partitions: partitionsOf(seat) }
  if (connectors[spec.connector]?.isGivenOnce?.(buffer.resume())) {
    const theirs = await namesSent({ ...of, isMeant: other => other !== buffer.epoch })
    return (tag, t) => !theirs.has(sampleName(tag, t))
  }
  return beforeFirsts(await firstSamples({ ...of, isMeant: other => other === epoch }), since)
}

/** @returns up to where it is done */
function dropPiece(
  isOurs: IsOurs,
  { account, buffer }: Pick<Books, 'account' | 'buffer'>,
  after: number,
  upTo: number,
): number {
  const rows = buffer.read(after, pieceBytes).filter(({ seq }) => seq <= upTo)
  const { rows: changed, samples } = withoutSuperseded(rows, isOurs)
  if (changed.length > 0) {
    const { json, kept } = account.superseding(samples)
    buffer.replace(changed, json)
    kept()
  }
  return rows.at(-1)?.seq ?? upTo
}

async function sentUpTo({ kafka, spec, context }: Seat, buffer: DiskBuffer): Promise<number> {
  const admin = await kafka.admin()
  const { group, topic } = diskPlace(spec.name, context.server.name)
  const [position] = await admin.groupPositions(group, [topic]).finally(() => admin.close())
  return startOf(buffer, unpackPosition(position))
}

/** Under an id of this disk's own, beside the present owner. Rows without an epoch wait until this server is the owner. */
async function sendRest(seat: Seat, { buffer }: Books): Promise<void> {
  const { kafka, spec, context } = seat
  if (buffer.epoch === 0 || buffer.waiting === 0) return
  const { group } = diskPlace(spec.name, context.server.name)
  const { signal } = context
  const task = await kafka.task({ id: group, group, signal })
  try {
    await drain({
      task,
      source: spec.name,
      server: context.server.name,
      backlog: backlogFor({ context, spec }, buffer),
      ...recallFor(seat),
      last: AbortSignal.abort(),
      signal,
      onTrouble: troubleOf(context, spec),
    })
  } finally {
    await task.close().catch(() => {})
  }
}
