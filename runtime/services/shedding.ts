import { shedWhenFull } from '../../edge-broker/disk/shedder.ts'
import { exportRows, segmentBytes, topicTable } from '../../edge-broker/topics.ts'
import type { ServiceContext } from '../service.ts'

/** Not above nine tenths: the brokers' own work, and what flows in until the space is given back, need the rest. */
const watermarks = { highShare: 0.85, lowShare: 0.8, segmentBytes }

/** Every server that runs this looks after the disks of all brokers; one of them at a time removes. */
export function shedFullDisks({ plant, kafka, signal, log, metrics }: ServiceContext): Promise<void> {
  return shedWhenFull({
    kafka: kafka('shedder'),
    topics: [...topicTable, ...exportRows(plant)],
    watermarks,
    signal,
    onDisks: metrics.disks,
    onTold: metrics.shed,
    onShed: entries => {
      metrics.shed(entries)
      for (const { topic, partition, offsets, reason } of entries)
        log.error({ topic, partition, offsets }, `records are removed before their time. ${reason}`)
    },
    onTrouble: error => {
      metrics.failed(error)
      log.warn({ code: error.code }, error.explanation)
    },
  })
}
