import { join } from 'node:path'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { MillraceError } from '../../model/index.ts'
import { prepareReplicator } from '../../replicator/mirror-maker.ts'
import { runMonitor } from '../../replicator/monitor.ts'
import { usualPorts } from '../ports.ts'
import { superviseProcess } from '../process.ts'
import type { ServiceContext } from '../service.ts'

/** Runs MirrorMaker 2 under supervision, and watches what has arrived in the region. */
export async function runReplicator(context: ServiceContext): Promise<void> {
  const { plant, file, stateDir, signal, log, connection, kafka, metrics, ready } = context
  const { region } = plant
  if (!region?.bootstrap) {
    throw new MillraceError('config-invalid', 'the plant has no region to replicate to', {
      hint: 'Declare region.bootstrap in plant.yaml, or take the service "replicator" from its servers',
    })
  }
  const edge = connection('replicator')
  const dir = join(stateDir, 'replicator')
  const mirrorMaker = superviseProcess({
    name: 'mirror-maker',
    logFile: join(dir, 'mirror-maker.out'),
    program: () =>
      prepareReplicator({
        plant: plant.name,
        region: region.name,
        edge,
        target: { ...edge, bootstrap: region.bootstrap! },
        targetReplicas: Math.min(3, region.bootstrap!.length),
        restPort: file.ports.replicator ?? usualPorts.replicator,
        dir,
      }),
  })
  await mirrorMaker.start()
  log.info({ region: region.bootstrap }, 'replicating')
  ready()
  const regionKafka = connectKafka({ ...connection('replication-monitor'), bootstrap: region.bootstrap })
  try {
    await runMonitor(kafka('replication-monitor'), regionKafka, {
      plant,
      signal,
      onTrouble: error => {
        metrics.failed(error)
        log.warn({ code: error.code }, error.explanation)
      },
      onStall: () => {
        log.error('nothing arrives in the region though records wait: MirrorMaker is started again')
        mirrorMaker.restart()
      },
    })
  } finally {
    await mirrorMaker.stop()
  }
}
