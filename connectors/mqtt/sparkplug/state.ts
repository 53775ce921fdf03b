import type { Link, Linking } from '../link.ts'
import { stateTopic } from './topic.ts'

const message = (online: boolean, timestamp: number) => JSON.stringify({ online, timestamp })

/** What the broker says of a primary host that is gone (Sparkplug 3.0, 6.4.25): the same time as its birth. */
export function will(host: string, bornMs: number): NonNullable<Linking['will']> {
  return { topic: stateTopic(host), payload: Buffer.from(message(false, bornMs)), qos: 1, retain: true }
}

export async function hello(link: Link, host: string, bornMs: number): Promise<void> {
  await link.publish(stateTopic(host), message(true, bornMs), { qos: 1, retain: true })
}

/** A clean good-bye makes the broker forget the will, so it is said by hand. */
export async function goodbye(link: Link, host: string): Promise<void> {
  if (link.lost.aborted) return
  await link.publish(stateTopic(host), message(false, Date.now()), { qos: 1, retain: true }).catch(() => {})
}
