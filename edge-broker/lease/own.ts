import type { Micros } from '../../model/index.ts'
import type { Kafka, Position, Task } from '../kafka.ts'
import { anchor, diskPlace, packPosition, type Sent, unpackPosition } from '../task/disk-position.ts'
import type { Backlog, DrainOptions } from '../task/drain.ts'
import { settleCut } from '../task/recall.ts'
import {
  type Claim,
  type Claimant,
  nextClaim,
  parseClaim,
  type Rival,
  readingSince,
  reviewed,
} from './claim.ts'

export type OwnOptions = Omit<Claimant, 'disk'> & {
  readonly kafka: Kafka
  readonly source: string
  readonly backlog: Backlog
  readonly signal: AbortSignal
  /** What is needed to see whether brokers have lost rows; left out: it is believed that they have not. */
  readonly recall?: DrainOptions['recall']
  /** Called before the claim is there: what this server's own disk has read beside another. */
  readonly onBehind: (rival: Rival) => void
}

/** A source that this server has claimed, and nobody after it as far as is known. */
export type Owned = {
  readonly task: Task
  readonly claim: Claim
  /** The owner before, if it was another server. */
  readonly predecessor: string | undefined
  /** What the owner before has left to resume from, as of its last row in Kafka. */
  readonly resume: string | undefined
  /** What has to be written about the claim with the next rows, if anything. */
  beside(receivedAt: Micros): { readonly position: Position; kept(): void } | undefined
}

const claimPlace = (source: string) => ({ ...anchor, group: `connectors.${source}` })
const kept = (source: string, claim: Claim): Position => ({
  ...claimPlace(source),
  offset: BigInt(claim.term),
  metadata: JSON.stringify(claim),
})

/**
 * Fences whoever has the source, and claims it. The disk's epoch is settled with the claim, before any row is sent
 * under it.
 * @throws MillraceError transient while Kafka does not take it; then nothing was claimed, or it is claimed again
 */
export async function own(options: OwnOptions): Promise<Owned> {
  const { kafka, source, server, backlog, signal, onBehind } = options
  const disk = diskPlace(source, server)
  const opening = kafka.task({ id: `connectors.${source}`, group: disk.group, signal })
  const settled = options.recall && settleCut({ ...options, ...options.recall }, opening)
  settled?.catch(() => {}) // told below
  const task = await opening
  try {
    await settled
    const previous = await claimIn(task, source)
    const sent = unpackPosition((await task.positions([disk]))[0])
    const { epoch, lastSeq } = backlog
    const behind = previous?.rivals[server]
    if (behind) onBehind(behind)
    const claim = nextClaim(previous, { ...options, disk: { epoch, lastSeq, sent } })
    const predecessor = previous && previous.server !== server ? previous.server : undefined
    const resume = predecessor === undefined ? sent.metadata : await resumeOf(task, source, predecessor)
    const inherited = { ...disk, offset: packPosition(sent.epoch, sent.seq), metadata: resume ?? '' }
    await task.commit([], [kept(source, claim), inherited])
    settleEpoch(backlog, claim.epochs[server]!, sent)
    return ownership(options, task, claim, { predecessor, resume })
  } catch (thrown) {
    await task.close().catch(() => {})
    throw thrown
  }
}

function ownership(
  options: OwnOptions,
  task: Task,
  claimed: Claim,
  before: Pick<Owned, 'predecessor' | 'resume'>,
): Owned {
  let claim = claimed
  return {
    task,
    get claim() {
      return claim
    },
    ...before,
    beside(receivedAt) {
      const next = readingSince(reviewed(claim, options), receivedAt)
      if (next === claim) return undefined
      return {
        position: kept(options.source, next),
        kept() {
          claim = next
        },
      }
    },
  }
}

/** The source's claim, without disturbing whoever has it. */
export async function readClaim(kafka: Kafka, source: string): Promise<Claim | undefined> {
  const admin = await kafka.admin()
  try {
    const [position] = await admin.groupPositions(claimPlace(source).group, [anchor.topic])
    return position?.metadata ? parseClaim(position.metadata) : undefined
  } finally {
    await admin.close()
  }
}

async function claimIn(task: Task, source: string): Promise<Claim | undefined> {
  const [position] = await task.positions([claimPlace(source)])
  return position?.metadata ? parseClaim(position.metadata) : undefined
}

async function resumeOf(task: Task, source: string, server: string): Promise<string | undefined> {
  return unpackPosition((await task.positions([diskPlace(source, server)]))[0]).metadata
}

/** Rows that Kafka does not have yet are the first of a new epoch; of an old copy, Kafka has them all. */
function settleEpoch(backlog: Backlog, epoch: number, sent: Sent): void {
  if (backlog.epoch === epoch) return
  const oldCopy = backlog.epoch > 0 && backlog.epoch === sent.epoch && sent.seq > backlog.lastSeq
  backlog.adoptEpoch(epoch, oldCopy ? backlog.lastSeq : backlog.acknowledgedSeq)
}
