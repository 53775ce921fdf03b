import { followPlant, PlantView, startBoard } from '../../board/index.ts'
import type { Plant, ServerSpec } from '../../config/plant.ts'
import { isLoopback, MillraceError } from '../../model/index.ts'
import { expectedBrokers } from '../connection.ts'
import { processorGroup } from '../input.ts'
import { usualPorts } from '../ports.ts'
import type { ServiceContext } from '../service.ts'

/** Serves the board, fed from the topics; begun anew when the plant folder changes. */
export async function runBoard(context: ServiceContext): Promise<void> {
  const { plants, server, signal } = context
  requireLoopback(server)
  while (!signal.aborted) {
    await boardOf(context, plants.current, AbortSignal.any([signal, plants.next()]))
  }
}

async function boardOf(context: ServiceContext, plant: Plant, signal: AbortSignal): Promise<void> {
  const { server, file, kafka, log, ready } = context
  const view = new PlantView(plant)
  const board = await startBoard({ view, host: server.address, port: file.ports.board ?? usualPorts.board })
  log.info({ url: board.url }, 'listening')
  ready()
  const brokers = expectedBrokers(plant, file)
  await followPlant(kafka('board'), view, { brokers, group: processorGroup }, signal)
  await board.close()
}

/** The board speaks HTTP only, and nothing goes in plain text beyond loopback. */
function requireLoopback({ name, address }: ServerSpec): void {
  if (isLoopback(address)) return
  throw new MillraceError(
    'unsupported',
    `the board cannot listen on ${address} (server ${name}) without HTTPS`,
    {
      hint: 'HTTPS is not there yet: let the board run on a server whose address is loopback',
    },
  )
}
