import type { InRecord, Reader } from '../kafka.ts'

/** How long nothing must have come for a pause to be told, and how often it is. */
export const pauseMs = 1_000

/** The reader's batches; and, for every second without one in which all that is there was read, an empty batch. */
export function withPauses(reader: Reader): Reader {
  return {
    get isAtEnd() {
      return reader.isAtEnd
    },
    close: () => reader.close(),
    [Symbol.asyncIterator]: () => batchesAndPauses(reader),
  }
}

async function* batchesAndPauses(reader: Reader): AsyncGenerator<readonly InRecord[]> {
  const batches = reader[Symbol.asyncIterator]()
  let next = taken(batches)
  while (true) {
    const come = await within(next, pauseMs)
    if (come === undefined) {
      if (reader.isAtEnd) yield []
      continue
    }
    if (come.done) return
    yield come.value
    next = taken(batches)
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
