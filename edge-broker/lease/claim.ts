/**
 * Who owns a source. A claim is kept as the metadata of one offset in the group `connectors.<source>`, and only ever
 * written in a transaction under the id `connectors.<source>`: whoever opens that task has fenced everybody before.
 *
 *   term        counts the claims
 *   epoch       names what one server's disk has numbered; given out by claims, so that no two disks use the same
 *   rival       an earlier owner of which it is not known that it has closed its session and sent what it had
 *   autonomous  the owner may read on when it loses touch with Kafka, though a successor may read as well
 */
import type { Micros } from '../../model/index.ts'

export type Rival = {
  /** When the first row came in that a successor has read and sent, by the successor's clock; null: none yet. */
  readonly since: Micros | null
  /** The epoch of that row. */
  readonly epoch?: number
  /** Whether it may still have a session with the device. */
  readonly open: boolean
}

export type Claim = {
  readonly v: 1
  readonly term: number
  readonly server: string
  /** By server, a used one and one that it may begin with alike. */
  readonly epochs: Readonly<Record<string, number>>
  readonly autonomous: boolean
  readonly rivals: Readonly<Record<string, Rival>>
}

/** What a server last said of a source: absent is "I have nothing to do with it"; unknown, it was never heard. */
export type Word = 'held' | 'settling' | 'absent' | 'unknown'

/** Where a disk is: its own epoch and numbering, and what Kafka has of it. */
export type Disk = {
  readonly epoch: number
  readonly lastSeq: number
  readonly sent: { readonly epoch: number; readonly seq: number }
}

export type Claimant = {
  readonly server: string
  /** All that run connectors, this one included. */
  readonly servers: readonly string[]
  /** Sessions that all of them together may have with the device. */
  readonly maxSessions: number
  readonly wordOf: (server: string) => Word
  readonly disk: Disk
}

/** A claimant that no other server stands beside. */
export const alone = (server: string): Omit<Claimant, 'disk'> => ({
  server,
  servers: [server],
  maxSessions: 1,
  wordOf: () => 'absent',
})

/** The claim that follows upon `previous`. The claimant's own unfinished business is its own to settle before. */
export function nextClaim(previous: Claim | undefined, claimant: Claimant): Claim {
  const { server, wordOf } = claimant
  const rivals: Record<string, Rival> = { ...previous?.rivals }
  if (previous && previous.server !== server) rivals[previous.server] = deposed(previous, wordOf)
  delete rivals[server]
  const claim = {
    v: 1 as const,
    term: (previous?.term ?? 0) + 1,
    server,
    epochs: epochsFor(previous?.epochs ?? {}, claimant),
    autonomous: false,
    rivals,
  }
  return reviewed(claim, claimant)
}

const deposed = ({ server, autonomous }: Claim, wordOf: Claimant['wordOf']): Rival => ({
  since: null,
  open: autonomous && wordOf(server) !== 'settling',
})

/** The owner's claim after what the others said meanwhile. Gives `claim` itself when nothing changes. */
export function reviewed(
  claim: Claim,
  { server, servers, maxSessions, wordOf }: Omit<Claimant, 'disk'>,
): Claim {
  const rivals = Object.fromEntries(
    Object.entries(claim.rivals)
      .filter(([name]) => wordOf(name) !== 'absent')
      .map(([name, rival]) => [name, { ...rival, open: rival.open && wordOf(name) !== 'settling' }]),
  )
  const open = Object.values(rivals).filter(rival => rival.open).length
  const alone = servers.every(name => name === server)
  const next = { ...claim, rivals, autonomous: alone || open + 2 <= maxSessions }
  return JSON.stringify(next) === JSON.stringify(claim) ? claim : next
}

/** The first row of the owner's goes out: from here on what rivals have may be read twice. */
export function readingSince(claim: Claim, since: Micros): Claim {
  const { rivals, epochs, server } = claim
  if (Object.values(rivals).every(rival => rival.since !== null)) return claim
  const begun = { since, epoch: epochs[server]! }
  return {
    ...claim,
    rivals: Object.fromEntries(
      Object.entries(rivals).map(([name, rival]) => [
        name,
        rival.since === null ? { ...rival, ...begun } : rival,
      ]),
    ),
  }
}

/**
 * The claimant keeps its disk's epoch as long as the disk remembers all that Kafka has of it. A disk that is new, or
 * put back from an old copy, begins the epoch that was set aside for its server, or a new one. Kafka may have forgotten
 * the claim that gave the disk its epoch: it stands unless another server has been given the same since.
 */
function epochsFor(known: Claim['epochs'], { server, servers, disk }: Claimant): Claim['epochs'] {
  const { epoch, lastSeq, sent } = disk
  const aside = known[server]
  const remembers = sent.epoch < epoch || (sent.epoch === epoch && sent.seq <= lastSeq)
  const epochs: Record<string, number> = { ...known }
  let highest = Math.max(0, epoch, sent.epoch, ...Object.values(known))
  const isOthers = Object.entries(known).some(([name, of]) => name !== server && of === epoch)
  if (epoch > 0 && remembers && !isOthers && epoch >= (aside ?? 0)) epochs[server] = epoch
  else if (aside !== undefined && aside <= Math.max(sent.epoch, epoch)) epochs[server] = ++highest
  for (const name of [...servers].sort()) epochs[name] ??= ++highest
  return epochs
}

/** @throws SyntaxError on what no version has written */
export function parseClaim(metadata: string): Claim {
  return JSON.parse(metadata) as Claim
}
