import type { InRecord, Reader } from '../kafka.ts'

/** How long nothing that tells time must have come for a pause to be told, and how often it is. */
export const pauseMs = 1_000

/**
 * The reader's batches; and, for every second without a record of the topic `clock` in which all that is there was read,
 * an empty batch, whatever comes of other topics. Left out: without a record of any.
 */
export function withPauses(reader: Reader, clock?: string): Reader {
  return {
    get isAtEnd() {
      return reader.isAtEnd
    },
    close: () => reader.close(),
    [Symbol.asyncIterator]: () => batchesAndPauses(reader, clock),
  }
}

async function* batchesAndPauses(
  reader: Reader,
  clock: string | undefined,
): AsyncGenerator<readonly InRecord[]> {
  const tellsTime = ({ topic }: InRecord) => clock === undefined || topic === clock
  const batches = reader[Symbol.asyncIterator]()
  let next = taken(batches)
  let since = performance.now()
  while (true) {
    const left = since + pauseMs - performance.now()
    const come = await within(next, left > 0 ? left : pauseMs)
    if (come?.done) return
    if (come) {
      yield come.value
      if (come.value.some(tellsTime)) since = performance.now()
    }
    // Before the next batch is taken from the reader: from then on it counts as read there.
    if (performance.now() - since >= pauseMs && reader.isAtEnd) {
      yield []
      since = performance.now()
    }
    if (come) next = taken(batches)
  }
}

/** A failure is told when it is waited for, not while a pause is worked on. */
function taken(batches: AsyncIterator<readonly InRecord[]>): Promise<IteratorResult<readonly InRecord[]>> {
  const next = batches.next()
  next.catch(() => {})
  return next
}

/** Undefined when the time is over first; `work` goes on, and its failure is told when it is waited for again. */
async function within<T>(work: Promise<T>, ms: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const over = new Promise<undefined>(resolve => {
    timer = setTimeout(() => resolve(undefined), ms)
  })
  try {
    return await Promise.race([work, over])
  } finally {
    clearTimeout(timer)
  }
}
