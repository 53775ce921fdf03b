import { setTimeout as sleep } from 'node:timers/promises'
import { type Micros, orAbort } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import { type Address, parseAddress } from './address.ts'
import { BlockReader, bytesOf } from './blocks.ts'
import type { Client } from './client.ts'
import { good } from './codes.ts'
import { rangeOf } from './layout.ts'
import type { Options } from './options.ts'
import { stampMicros } from './points.ts'

/** Milliseconds that the controller's clock is ahead of this server's; the truth is within the uncertainty of it. */
export type ClockOffset = { readonly offsetMs: number; readonly uncertaintyMs: number }

type Reading = { readonly sent: Micros; readonly received: Micros; readonly told: Micros }

const readings = 4

/**
 * The offset out of several readings: the one with the shortest way there and back tells most (as NTP filters, RFC 5905,
 * clause 10). `resolutionMs` is how fine the controller's clock tells its time. Pure.
 */
export function offsetOf(all: readonly Reading[], resolutionMs: number): ClockOffset {
  const best = all.reduce((a, b) => (b.received - b.sent < a.received - a.sent ? b : a))
  const middle = (best.sent + best.received) / 2
  // A clock that cuts off what is finer is half of that behind in the mean.
  const offsetMs = (best.told - middle) / 1000 + resolutionMs / 2
  const uncertaintyMs = (best.received - best.sent) / 2000 + resolutionMs / 2
  return { offsetMs: rounded(offsetMs), uncertaintyMs: rounded(uncertaintyMs) }
}

/** Compares the clocks again and again until aborted; ends for good when the controller does not tell its time. */
export async function watchClock(
  client: Client,
  options: Options,
  report: Report,
  stop: AbortSignal,
): Promise<void> {
  const { clockIntervalMs, clockAddress } = options
  if (clockIntervalMs === 0 || !report.clock) return
  const read =
    clockAddress === undefined ? client.readClock : fieldReader(client, parseAddress(clockAddress), options)
  for (;;) {
    const all: Reading[] = []
    while (all.length < readings) {
      const sent = now()
      const told = await orAbort(read(), stop)
      if (told === undefined) return
      all.push({ sent, received: now(), told })
    }
    report.clock(offsetOf(all, 1))
    await sleep(clockIntervalMs, undefined, { signal: stop })
  }
}

function fieldReader(client: Client, address: Address, options: Options): () => Promise<Micros | undefined> {
  const limits = { pduLength: client.pduLength, gapBytes: 0 }
  const reader = new BlockReader([rangeOf(address)], limits, options.endpoint)
  return async () => {
    const [outcome] = await reader.read(client)
    return outcome!.code === good ? stampMicros({ address, unit: 's' }, bytesOf(outcome!)) : undefined
  }
}

/** Finer than a millisecond, and never stepping back within one comparison. */
const now = (): Micros => Math.round((performance.timeOrigin + performance.now()) * 1000)
const rounded = (ms: number): number => Math.round(ms * 10) / 10
