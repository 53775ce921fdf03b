import type { RewindOptions } from '../../edge-broker/task/rewind.ts'
import { exportRows, topicTable } from '../../edge-broker/topics.ts'
import { inputTopics } from '../input.ts'
import type { ServiceContext } from '../service.ts'

/** What a partition goes back with after a power cut of the whole hall: its state, its inputs, and all that it writes. */
export function rewindOf({ plant, signal, log }: ServiceContext, partition: number): RewindOptions {
  const rows = [...topicTable, ...exportRows(plant)].filter(({ writers }) => writers.includes('processors'))
  const outputs = rows.filter(({ name, partitions }) => partitions === 'plant' && name !== 'state')
  return {
    partition,
    inputs: inputTopics,
    changelog: 'state',
    outputs: outputs.map(({ name }) => name),
    signal,
    onRewind: rewound =>
      log.warn({ partition, ...rewound }, 'all brokers were down: what came last is processed again'),
  }
}
