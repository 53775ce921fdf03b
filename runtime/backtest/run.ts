import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { type ErrorCode, MillraceError } from '../../model/index.ts'
import { type DifferenceRow, inOrder } from './difference.ts'
import { emptyTally, type Job, sumOf, type Tally } from './job.ts'
import { joinParts } from './results.ts'
import { playShare, type Share } from './share.ts'
import type { Message } from './thread.ts'

export type BacktestResult = {
  readonly tally: Tally
  readonly files: readonly string[]
  readonly difference: readonly DifferenceRow[]
  readonly seconds: number
}

export type BacktestOptions = Omit<Job, 'partitions'> & {
  readonly threads: number
  readonly onTally?: (tally: Tally) => void
}

/** Plays all partitions, shared between threads, and joins what they wrote. */
export async function runBacktest(options: BacktestOptions): Promise<BacktestResult> {
  const { threads, onTally, ...job } = options
  const { partitions } = job.plant
  mkdirSync(job.outDir, { recursive: true })
  const begin = performance.now()
  const shares = shareOut(partitions, threads)
  const tallies = shares.map(() => emptyTally())
  const played = await Promise.all(
    shares.map((share, i) =>
      (shares.length === 1 ? here : thread)({ ...job, partitions: share }, tally => {
        tallies[i] = tally
        onTally?.(sumOf(tallies))
      }),
    ),
  )
  return {
    tally: sumOf(played.map(({ tally }) => tally)),
    files: await joinParts(job.outDir, job.topics, partitions),
    difference: played.flatMap(({ difference }) => difference).sort(inOrder),
    seconds: (performance.now() - begin) / 1_000,
  }
}

function shareOut(partitions: number, threads: number): number[][] {
  const count = Math.max(1, Math.min(threads, partitions))
  const all = Array.from({ length: partitions }, (_, partition) => partition)
  return Array.from({ length: count }, (_, i) => all.filter(partition => partition % count === i))
}

/** A thread of its own costs more than it brings when it is the only one. Others get their turn at every batch. */
function here(job: Job, onTally: (tally: Tally) => void): Promise<Share> {
  return playShare(job, async tally => {
    onTally(tally)
    await setImmediate()
  })
}

async function thread(job: Job, onTally: (tally: Tally) => void): Promise<Share> {
  const worker = new Worker(join(import.meta.dirname, 'thread.ts'), { workerData: job })
  const done = Promise.withResolvers<Share>()
  worker.on('message', (message: Message) => {
    if (message.kind === 'tally') onTally(message.tally)
    else if (message.kind === 'done') done.resolve(message.share)
    else done.reject(new MillraceError(message.code as ErrorCode, message.message, hinted(message.hint)))
  })
  worker.on('error', done.reject)
  worker.on('exit', () =>
    done.reject(new MillraceError('internal', 'a thread of the backtest ended without a word')),
  )
  return done.promise.finally(() => worker.terminate())
}

const hinted = (hint: string | undefined) => (hint === undefined ? {} : { hint })
