// One thread of a backtest: plays its share and posts how far it is, then what came of it.
import { parentPort, workerData } from 'node:worker_threads'
import { coded } from '../../model/index.ts'
import type { Job, Tally } from './job.ts'
import { playShare, type Share } from './share.ts'

/** A thrown error loses its class on the way; its code and words arrive. */
export type Message =
  | { readonly kind: 'tally'; readonly tally: Tally }
  | { readonly kind: 'done'; readonly share: Share }
  | {
      readonly kind: 'failed'
      readonly code: string
      readonly message: string
      readonly hint: string | undefined
    }

const tellEveryMs = 250

async function run(job: Job, post: (message: Message) => void): Promise<void> {
  let toldAt = 0
  const onTally = async (tally: Tally) => {
    if (performance.now() - toldAt < tellEveryMs) return
    toldAt = performance.now()
    post({ kind: 'tally', tally })
  }
  try {
    post({ kind: 'done', share: await playShare(job, onTally) })
  } catch (thrown) {
    const { code, message, hint } = coded(thrown, 'internal', 'the backtest failed')
    post({ kind: 'failed', code, message, hint })
  }
}

if (parentPort) {
  const port = parentPort
  await run(workerData as Job, message => port.postMessage(message))
}
