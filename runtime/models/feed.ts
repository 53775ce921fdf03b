import { setTimeout as sleep } from 'node:timers/promises'
import type { Kafka, Position, Reader } from '../../edge-broker/kafka.ts'
import { coded, type MillraceError } from '../../model/index.ts'
import { persistently } from '../persistently.ts'
import { type ModelBook, noModels, withRecord } from './book.ts'

const place = { topic: 'models', partition: 0 }

export type ModelFeed = {
  /** As of the last record read. */
  readonly current: ModelBook
  /** Resolves once the signal is aborted. */
  readonly ended: Promise<void>
}

type Following = { readonly signal: AbortSignal; readonly onTrouble: (error: MillraceError) => void }

/** Resolves once all there is of `models` was read; then follows it. */
export async function followModels(kafka: Kafka, { signal, onTrouble }: Following): Promise<ModelFeed> {
  let current = noModels
  let next = 0n
  const onTroubleOf = (thrown: unknown) =>
    coded(thrown, 'internal', 'the models are not read', { transient: true })
  const trying = { failure: onTroubleOf, onTrouble }
  const begin = await persistently(trying, signal, () => readToEnd(kafka, onTrouble))
  if (begin) ({ book: current, next } = begin)
  const follow = async () => {
    const start: Position[] = [{ ...place, offset: next }]
    const reader = await kafka.reader({ partitions: [place], start })
    await eachRecord(reader, signal, (key, value, offset) => {
      current = applied(current, key, value, onTrouble)
      next = offset + 1n
    })
  }
  const ended = (async () => {
    while (!signal.aborted) {
      await persistently(trying, signal, follow)
      await sleep(200, undefined, { signal }).catch(() => {})
    }
  })()
  return {
    get current() {
      return current
    },
    ended,
  }
}

/** The topic as it stands now. */
export async function readModels(kafka: Kafka): Promise<ModelBook> {
  return (await readToEnd(kafka, () => {})).book
}

async function readToEnd(kafka: Kafka, onTrouble: Following['onTrouble']) {
  const admin = await kafka.admin()
  const end = await admin.offsets([place.topic], 'latest').finally(() => admin.close())
  const reader = await kafka.reader({ partitions: [place], start: 'earliest', end })
  let book = noModels
  await eachRecord(reader, undefined, (key, value) => {
    book = applied(book, key, value, onTrouble)
  })
  return { book, next: end[0]!.offset }
}

async function eachRecord(
  reader: Reader,
  signal: AbortSignal | undefined,
  take: (key: string, value: Buffer | null, offset: bigint) => void,
): Promise<void> {
  const close = () => void reader.close()
  signal?.addEventListener('abort', close, { once: true })
  if (signal?.aborted) close()
  try {
    for await (const batch of reader) for (const { key, value, offset } of batch) take(key, value, offset)
  } finally {
    signal?.removeEventListener('abort', close)
    await reader.close()
  }
}

/** A record that cannot be read changes nothing: anybody with the right to write models can write one. */
function applied(
  book: ModelBook,
  key: string,
  value: Buffer | null,
  onTrouble: Following['onTrouble'],
): ModelBook {
  try {
    return withRecord(book, key, value)
  } catch (thrown) {
    onTrouble(coded(thrown, 'bad-payload', `the record "${key}" in models cannot be read`))
    return book
  }
}
