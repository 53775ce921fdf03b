import { setTimeout as sleep } from 'node:timers/promises'
import { processesNaming, type RunningPlant } from '../e2e/running-plant.ts'
import type { Random } from '../simulator/random.ts'

export const servers = ['p1', 'p2', 'p3'] as const
const roles = ['broker', 'processors', 'connectors'] as const
type Role = (typeof roles)[number]

/** Between two deaths, ms. */
const [leastMs, mostMs] = [2_000, 6_000]
/** A broker dies only when all have been whole, so that a quorum is never away for longer than a restart. */
const brokerRestMs = 15_000

function pidOf(plant: RunningPlant, server: string, role: Role): number | undefined {
  const { stateDir } = plant
  const dir = `${stateDir}/servers/${server}`
  const name = role === 'broker' ? `${dir}/broker/server.properties` : `${dir}/server.yaml`
  return processesNaming(name).find(({ command }) => role === 'broker' || command.includes(`service ${role}`))
    ?.pid
}

async function areBrokersWhole(plant: RunningPlant): Promise<boolean> {
  const { brokers, feed } = await plant.status()
  const whole = brokers.filter(({ up, underReplicated }) => up && underReplicated === 0)
  return feed.state === 'live' && whole.length === servers.length
}

/** Kills what runs, at random, until the time is over; gives what was killed. */
export async function killAtRandom(
  plant: RunningPlant,
  random: Random,
  durationMs: number,
): Promise<Record<Role, number>> {
  const killed = { broker: 0, processors: 0, connectors: 0 }
  const one = <T>(of: readonly T[]): T => of[Math.floor(random.uniform() * of.length)]!
  const until = Date.now() + durationMs
  let brokerAt = 0
  for (;;) {
    await sleep(leastMs + random.uniform() * (mostMs - leastMs))
    if (Date.now() > until) return killed
    const [role, server] = [one(roles), one(servers)]
    const rests = Date.now() - brokerAt < brokerRestMs
    if (role === 'broker' && (rests || !(await areBrokersWhole(plant)))) continue
    const pid = pidOf(plant, server, role)
    if (pid === undefined) continue // has not come back yet
    process.kill(pid, 'SIGKILL')
    killed[role]++
    if (role === 'broker') brokerAt = Date.now()
  }
}

/** Every process of every server once, in order, each when the one before is back. */
export async function restartInTurn(plant: RunningPlant): Promise<void> {
  for (const server of servers) {
    for (const role of roles.toReversed()) {
      const before = await waitFor(() => pidOf(plant, server, role))
      process.kill(before, 'SIGTERM')
      await waitFor(() => {
        const now = pidOf(plant, server, role)
        return now === before ? undefined : now
      })
    }
    await sleep(3_000) // what the board says of the brokers is from before
    await waitFor(async () => ((await areBrokersWhole(plant)) ? true : undefined))
  }
}

async function waitFor<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
  const until = Date.now() + 180_000
  for (;;) {
    const found = await look()
    if (found !== undefined) return found
    if (Date.now() > until) throw new Error('a process of the plant does not come back')
    await sleep(500)
  }
}
