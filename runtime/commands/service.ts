import { serviceNames } from '../../config/plant.ts'
import { MillraceError } from '../../model/index.ts'
import { runService } from '../service.ts'
import { services } from '../services.ts'

/** Runs one service of one server in this process; the broker, being Java, is run by whoever supervises. */
export async function service(name: string, options: { plant: string; server: string }): Promise<void> {
  const known = serviceNames.find(service => service === name)
  const { main, teller } = known ? services[known] : {}
  if (!known || known === 'broker' || !main) {
    const names = serviceNames.filter(service => services[service].main).join(', ')
    throw new MillraceError('config-invalid', `there is no service "${name}" to run`, {
      hint: `One of ${names}`,
    })
  }
  const service = { name: known, main: await main(), ...(teller && { teller }) }
  await runService(service, { plantDir: options.plant, serverFile: options.server })
}
