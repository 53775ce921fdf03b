import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka, Writer } from '../../edge-broker/kafka.ts'
import { abortedAfter, coded, type LedgerEntry, type MillraceError, orAbort } from '../../model/index.ts'

const everyMs = 2_000
/** How long Kafka gets to take the last entry, ms; the disk has its counts, too. */
const partingMs = 5_000
const ledger = { topic: 'ledger', partition: 0 }

/** One entry a source and server, so that counts of several do not fall over each other. */
const ledgerKey = ({ source, server }: LedgerEntry): string => `${source}/${server}`

export type LedgerOptions = {
  readonly kafka: Kafka
  /** undefined: there is nothing to tell yet */
  readonly entry: () => LedgerEntry | undefined
  /** Registers who is to be called when something but a count has changed. */
  readonly onChange: (listener: () => void) => void
  readonly onTrouble: (error: MillraceError) => void
}

/**
 * Writes a source's ledger entry, after taking away the one that versions before servers were told apart have left, at once, at every change and at an interval until aborted, and then a last time.
 * Never rejects: while Kafka is away the source goes on into its disk buffer.
 */
export async function publishLedger(options: LedgerOptions, signal: AbortSignal): Promise<void> {
  const { kafka, entry, onChange, onTrouble } = options
  const parting = abortedAfter(signal, partingMs)
  let writer: Writer | undefined
  let first = true
  const send = async (value: LedgerEntry): Promise<void> => {
    writer ??= await kafka.writer()
    await writer.write([
      ...(first ? [{ ...ledger, key: value.source, value: null }] : []),
      { ...ledger, key: ledgerKey(value), value: JSON.stringify(value) },
    ])
    first = false
  }
  const write = async (): Promise<void> => {
    const value = entry()
    if (!value || parting.aborted) return
    try {
      await orAbort(send(value), parting)
    } catch (thrown) {
      onTrouble(coded(thrown, 'internal', 'the ledger entry is not written', { transient: true }))
    }
  }
  let changed = Promise.withResolvers<void>()
  onChange(() => changed.resolve())
  while (!signal.aborted) {
    changed = Promise.withResolvers<void>()
    await write()
    await Promise.race([sleep(everyMs, undefined, { signal }).catch(() => {}), changed.promise])
  }
  await write()
  await writer?.close()
}
