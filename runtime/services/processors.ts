import { runPartition } from '../../edge-broker/task/shell.ts'
import type { MillraceError } from '../../model/index.ts'
import { followModels } from '../models/feed.ts'
import type { ServiceContext } from '../service.ts'
import { chainWorker } from '../worker.ts'

/** The consumer group under which positions are kept; what `lag` is measured by. */
export const processorGroup = 'processors'

/** Runs the processors of every partition of the plant. */
export async function runProcessors(context: ServiceContext): Promise<void> {
  const { plant, plants, kafka, signal, log, metrics, ready } = context
  const partitions = Array.from({ length: plant.partitions }, (_, partition) => partition)
  const client = kafka('processors')
  const onTrouble = (error: MillraceError) => {
    metrics.failed(error)
    log.warn({ code: error.code }, error.explanation)
  }
  const models = await followModels(client, { signal, onTrouble })
  const tasks = partitions.map(partition =>
    runPartition({
      kafka: client,
      partition,
      inputs: ['telemetry', 'waveforms', 'labels'],
      changelog: 'state',
      deadLetter: 'dead-letter',
      group: processorGroup,
      newWorker: () => chainWorker(plants, models),
      signal,
      onTrouble: error => {
        metrics.failed(error)
        log.warn({ partition, code: error.code }, error.explanation)
      },
      onCommit: metrics.processed,
    }),
  )
  ready()
  await Promise.all([...tasks, models.ended])
}
