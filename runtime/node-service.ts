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

/** One of our own services, through the same command that a plant's systemd unit starts. */
export function serviceProcess(options: ServiceProcessOptions): SupervisedProcess {
  const { service, server, plantDir, serverFile, logFile } = options
  const millrace = join(import.meta.dirname, 'millrace.ts')
  const args = [millrace, 'service', service, '--plant', plantDir, '--server', serverFile]
  return superviseProcess({
    name: `${server}/${service}`,
    announces: true,
    logFile,
    program: async () => ({ command: process.execPath, args }),
  })
}
