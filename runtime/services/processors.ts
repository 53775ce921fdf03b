import { rewinding } from '../../edge-broker/task/rewind.ts'
import { runPartition } from '../../edge-broker/task/shell.ts'
import type { ServiceContext } from '../service.ts'
import { chainWorker } from '../worker.ts'
import { rewindOf } from './rewound.ts'
import { shedFullDisks } from './shedding.ts'

/** The consumer group under which positions are kept; what `lag` is measured by. */
export const processorGroup = 'processors'

/** Runs the processors of every partition of the plant. */
export async function runProcessors(context: ServiceContext): Promise<void> {
  const { plant, plants, kafka, signal, log, metrics, ready } = context
  const shedding = shedFullDisks(context)
  const partitions = Array.from({ length: plant.partitions }, (_, partition) => partition)
  const client = kafka('processors')
  const tasks = partitions.map(partition =>
    runPartition({
      kafka: rewinding(client, rewindOf(context, partition)),
      partition,
      inputs: ['telemetry', 'waveforms'],
      changelog: 'state',
      deadLetter: 'dead-letter',
      group: processorGroup,
      newWorker: () => chainWorker(plants),
      signal,
      onTrouble: error => {
        metrics.failed(error)
        log.warn({ partition, code: error.code }, error.explanation)
      },
      onCommit: metrics.processed,
    }),
  )
  ready()
  await Promise.all([...tasks, shedding])
}
