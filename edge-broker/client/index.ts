import type { Connection, Kafka } from '../kafka.ts'
import { openAdmin } from './admin.ts'
import { openReader } from './reader.ts'
import { openTask } from './task.ts'
import { openWriter } from './writer.ts'

/** A broker's death takes six to nine seconds, a restart of all brokers twenty; beyond that somebody should hear of it. */
const defaultTimeoutMs = 30_000
/** Counted from the first thing in a transaction: what comes before, as the restoring of a state, may take longer. */
const defaultTransactionTimeoutMs = 20_000

/**
 * Kafka through @platformatic/kafka, over mutual TLS. Nothing is opened yet.
 *
 * Besides the operations on `records`' topics, a task's principal needs WRITE on its transactional id and READ on its
 * group and on every topic it commits a position of.
 */
export function connectKafka(
  connection: Connection,
  {
    timeoutMs = defaultTimeoutMs,
    transactionTimeoutMs = defaultTransactionTimeoutMs,
  }: { readonly timeoutMs?: number; readonly transactionTimeoutMs?: number } = {},
): Kafka {
  const settings = { connection, timeoutMs, transactionTimeoutMs }
  return {
    task: options => openTask(settings, options),
    reader: options => openReader(settings, options),
    writer: () => openWriter(settings),
    admin: () => openAdmin(settings),
  }
}
