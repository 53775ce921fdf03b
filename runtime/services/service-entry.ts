import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka } from '../../edge-broker/kafka.ts'
import { aborted, coded, type MillraceError, type ServiceEntry, serviceKeyPrefix } from '../../model/index.ts'
import type { Outcome } from '../follow-folder.ts'

export type Teller = {
  /** The outcome that counts from now on; written as soon as Kafka takes it. */
  tell(outcome: Outcome): void
  /** Resolves once nothing is left to write, or the signal is aborted. */
  ended: Promise<void>
}

/** Tells in the ledger which configuration a service runs, and what was refused of it. Never rejects. */
export function serviceTeller(
  kafka: Kafka,
  { service, server }: Pick<ServiceEntry, 'service' | 'server'>,
  onTrouble: (error: MillraceError) => void,
  signal: AbortSignal,
): Teller {
  const key = `${serviceKeyPrefix}${server}/${service}`
  let latest: Outcome | undefined
  let told = Promise.withResolvers<void>()
  const write = async (): Promise<void> => {
    const { plantHash, refused } = latest!
    const at = Date.now() * 1000
    const entry: ServiceEntry = { v: 1, service, server, at, plantHash, ...(refused && { refused }) }
    const writer = await kafka.writer()
    try {
      await writer.write([{ topic: 'ledger', partition: 0, key, value: JSON.stringify(entry) }])
    } finally {
      await writer.close()
    }
  }
  const run = async () => {
    const ended = aborted(signal)
    while (!signal.aborted) {
      await Promise.race([told.promise, ended])
      if (signal.aborted) return
      told = Promise.withResolvers()
      try {
        await write()
      } catch (thrown) {
        onTrouble(coded(thrown, 'internal', 'the service entry is not written', { transient: true }))
        told.resolve()
        await sleep(1_000, undefined, { signal }).catch(() => {})
      }
    }
  }
  return {
    tell(outcome) {
      latest = outcome
      told.resolve()
    },
    ended: run(),
  }
}
