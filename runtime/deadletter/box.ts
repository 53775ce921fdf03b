/** Reads the dead letters of a plant, and puts them back. */
import type { InRecord, Kafka, Position } from '../../edge-broker/kafka.ts'
import { deadLetterTopic, isWanted, type Letter, type LetterFilter, lettersIn, putBack } from './letters.ts'

/** Letters of one transaction: far below what a broker takes, and a progress that can be seen. */
const atOnce = 200

/** Every letter that is kept, as of now. */
export async function readLetters(kafka: Kafka): Promise<Letter[]> {
  const admin = await kafka.admin()
  const end = await admin.offsets([deadLetterTopic], 'latest').finally(() => admin.close())
  const partitions = end.map(({ topic, partition }) => ({ topic, partition }))
  // Retention may take the oldest while they are read: then they are gone.
  const reader = await kafka.reader({ partitions, start: 'earliest', end, onGap: () => {} })
  const records: InRecord[] = []
  for await (const batch of reader) records.push(...batch)
  return lettersIn(records.sort(inPlaceOrder))
}

function inPlaceOrder(a: InRecord, b: InRecord): number {
  return a.partition - b.partition || (a.offset < b.offset ? -1 : 1)
}

/**
 * Puts back what waits and is wanted: each record and the mark of its letter in one transaction, so that none is put back
 * twice. Two at once cannot either: the second fences the first before it reads what waits.
 * @throws MillraceError `fenced` when another retry has begun meanwhile
 */
export async function retryLetters(
  kafka: Kafka,
  filter: LetterFilter,
  note: (done: number, all: number) => void = () => {},
): Promise<Letter[]> {
  const task = await kafka.task({ id: 'retrier', group: 'retrier' })
  try {
    const waiting = (await readLetters(kafka)).filter(one => !one.wasRetried && isWanted(one, filter))
    for (let from = 0; from < waiting.length; from += atOnce) {
      await task.commit(waiting.slice(from, from + atOnce).flatMap(putBack), [])
      note(Math.min(from + atOnce, waiting.length), waiting.length)
    }
    return waiting
  } finally {
    await task.close()
  }
}

/** Resolves with true once the group has taken all that is in the topics now, with false when the time is over. */
export async function taken(
  kafka: Kafka,
  { group, topics, timeoutMs }: { group: string; topics: readonly string[]; timeoutMs: number },
): Promise<boolean> {
  const admin = await kafka.admin()
  try {
    const ends = await admin.offsets(topics, 'latest')
    const deadline = Date.now() + timeoutMs
    for (;;) {
      const positions = await admin.groupPositions(group, topics)
      if (ends.every(end => hasPassed(positions, end))) return true
      if (Date.now() > deadline) return false
      await new Promise(resolve => setTimeout(resolve, 200))
    }
  } finally {
    await admin.close()
  }
}

/** Behind the last record there may be the marker of its transaction, which nobody takes. */
function hasPassed(positions: readonly Position[], { topic, partition, offset }: Position): boolean {
  const at = positions.find(of => of.topic === topic && of.partition === partition)
  return offset === 0n || (at !== undefined && at.offset >= offset - 1n)
}
