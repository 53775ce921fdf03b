import type { Address, Options } from './options.ts'
import { samplingOf } from './points.ts'

/** With sampling interval 0 the server reports each change; a queue for one every 10 ms is asked for. */
const exceptionMs = 10

/** Gateways and soft servers queue every change, however slow the sampling asked for: room for a burst is cheap. */
const leastQueue = 10

/** Sampling interval and queue size to ask for. The queue holds `bridgeMs`, and never less than two publishing intervals. */
export function monitoringOf(
  options: Options,
  address: Address,
  publishingMs: number,
): { samplingInterval: number; queueSize: number } {
  const samplingInterval = samplingOf(address, options)
  const spanMs = Math.max(2 * publishingMs, options.bridgeMs)
  const wanted = Math.ceil(spanMs / (samplingInterval || exceptionMs)) + 1
  return { samplingInterval, queueSize: options.queueSize ?? Math.max(leastQueue, wanted) }
}

/** Whether one publishing interval fits in the queue that the server gave; else it loses without telling. */
export function queueHolds(queueSize: number, samplingMs: number, publishingMs: number): boolean {
  return samplingMs <= 0 || queueSize * samplingMs >= publishingMs
}

/** Silence after which the session is lost: as set, but never less than three of the slowest keep-alives. */
export function watchdogOf(
  options: Options,
  subscriptions: readonly { keepAliveMs: number; publishingMs: number }[],
): number {
  const slowest = subscriptions.map(({ keepAliveMs, publishingMs }) => 3 * (keepAliveMs + publishingMs))
  return Math.max(options.watchdogMs, ...slowest)
}

/** Counts of publishing intervals to ask for: silence until a keep-alive, and until the server drops the subscription. */
export function countsOf({ publishingIntervalMs, watchdogMs, subscriptionLifetimeMs }: Options): {
  keepAlive: number
  lifetime: number
} {
  const keepAlive = Math.max(1, Math.floor(watchdogMs / 3 / publishingIntervalMs))
  return {
    keepAlive,
    lifetime: Math.max(3 * keepAlive, Math.ceil(subscriptionLifetimeMs / publishingIntervalMs)),
  }
}
