import { join } from 'node:path'
import type { ServiceName } from '../config/plant.ts'
import { type SupervisedProcess, superviseProcess } from './process.ts'

export type ServiceProcessOptions = {
  readonly service: ServiceName
  readonly server: string
  readonly plantDir: string
  readonly serverFile: string
  readonly logFile: string
}

/**
 * Node lets a heap grow to a multiple of what is alive, the more so the more memory the machine has. A connectors service
 * keeps little alive and makes much that is short-lived: with a bound far above its need, and a smaller nursery, its heap
 * stays near what is alive.
 */
export const heapFlags: Partial<Record<ServiceName, readonly string[]>> = {
  connectors: ['--max-old-space-size=1024', '--max-semi-space-size=16'],
}

/** One of our own services, through the same command that a plant's systemd unit starts. */
export function serviceProcess(options: ServiceProcessOptions): SupervisedProcess {
  const { service, server, plantDir, serverFile, logFile } = options
  const millrace = join(import.meta.dirname, 'millrace.ts')
  const args = [
    ...(heapFlags[service] ?? []),
    millrace,
    'service',
    service,
    '--plant',
    plantDir,
    '--server',
    serverFile,
  ]
  return superviseProcess({
    name: `${server}/${service}`,
    announces: true,
    logFile,
    program: async () => ({ command: process.execPath, args }),
  })
}
