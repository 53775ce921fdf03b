import { readStatusOnce } from '../../board/index.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { boardUrl, expectedBrokers } from '../connection.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { isLate, renderStatus } from '../render-status.ts'
import { processingLag } from '../services/lag.ts'

const attention = 3

/** One look at a running plant, straight from its topics; exit code 3 when something needs somebody. */
export async function status(options: PlantOptions & { json?: boolean }): Promise<void> {
  const { plant, file, connection } = await runningPlantAt(options)
  const kafka = connectKafka(connection('operator'), { timeoutMs: 8_000 })
  const seen = await readStatusOnce(kafka, plant, {
    brokers: expectedBrokers(plant, file),
    boardUrl: boardUrl(plant, file),
  })
  const lag = await processingLag(kafka, Date.now()).catch(() => seen.lag)
  const now = { ...seen, lag }
  console.log(options.json ? JSON.stringify(now) : renderStatus(now).join('\n'))
  const brokersUp = now.brokers.every(broker => broker.up)
  const machinesWell = now.machines.every(machine => machine.state === 'connected')
  const refused = now.configuration.refused.length > 0
  if (!brokersUp || !machinesWell || refused || isLate(lag) || now.alarms.open.length > 0)
    process.exitCode = attention
}
