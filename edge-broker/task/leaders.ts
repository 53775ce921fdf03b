import type { Admin } from '../kafka.ts'

export type PartitionId = { readonly topic: string; readonly partition: number }

/** The leader epoch of partitions by `topic/partition`. A log loses its end only when another leader follows. */
export type Leaders = Readonly<Record<string, number>>

export async function leadersOf(admin: Admin, partitions: readonly PartitionId[]): Promise<Leaders> {
  const epochs = await admin.leaderEpochs(partitions)
  const named = epochs.map(of => [nameOf(of), of.leaderEpoch] as const)
  return Object.fromEntries(named.sort(([a], [b]) => (a < b ? -1 : 1)))
}

export const nameOf = ({ topic, partition }: PartitionId): string => `${topic}/${partition}`

/** Whether every partition has another leader than then: so it is when all brokers were down together. */
export function allChanged(then: Leaders, now: Leaders): boolean {
  const names = Object.keys(then).filter(name => name in now)
  return names.length > 0 && names.every(name => then[name] !== now[name])
}
