import { nearest } from '../model/nearest.ts'
import { exportable } from '../replicator/export.ts'
import type { ServiceName } from './plant.ts'
import type { PlantProblem } from './problem.ts'
import { type IsSound, repeated, select } from './select.ts'
import type { YamlFile } from './yaml.ts'

/** What no schema can tell of plant.yaml. */
export function checkPlantFile(file: YamlFile, isSound: IsSound): PlantProblem[] {
  return [
    ...repeated(select(file, 'servers', '*', 'name'), 'the server name'),
    ...repeated(select(file, 'servers', '*', 'address'), 'the address'),
    ...repeated(select(file, 'servers', '*', 'nodeId'), 'the node id'),
    ...checkServices(file, isSound),
    ...checkExports(file),
  ]
}

function checkServices(file: YamlFile, isSound: IsSound): PlantProblem[] {
  const lists = select(file, 'servers', '*', 'services')
  if (lists.length === 0 || !select(file, 'servers').every(isSound)) return []
  const services = select(file, 'servers', '*', 'services', '*').map(({ value }) => value)
  const at = (message: string) => [file.problem(['servers'], message, { at: 'key' })]
  const runs = (service: ServiceName) => services.includes(service)
  const hasRegion = select(file, 'region').length > 0
  return [
    ...checkBrokers(services.filter(service => service === 'broker').length).flatMap(at),
    ...(runs('connectors') ? [] : at('no server runs "connectors": nothing would read the machines')),
    ...(runs('processors')
      ? []
      : at('no server runs "processors": nothing would compute aggregates and signals')),
    ...(hasRegion && !runs('replicator')
      ? at('no server runs "replicator": nothing would reach the region')
      : []),
    ...(!hasRegion && runs('replicator') ? at('a server runs "replicator", and no region is declared') : []),
  ]
}

function checkBrokers(count: number): string[] {
  if (count === 1 || count === 3) return []
  return [`${count} servers run "broker": it takes 1, or 3 so that any one may fail`]
}

/** What may leave is a list of the replicator's; a raw topic is told from a mistyped one. */
function checkExports(file: YamlFile): PlantProblem[] {
  const exports = select(file, 'region', 'exports', '*').filter(({ value }) => typeof value === 'string')
  return exports
    .filter(({ value }) => !(exportable as readonly unknown[]).includes(value))
    .map(({ path, value }) => {
      const suggestion = nearest(String(value), exportable)
      const what = suggestion
        ? 'is no topic that may leave'
        : 'may not leave the plant: raw and internal data stays'
      return file.problem(path, `"${value}" ${what}; what may: ${exportable.join(', ')}`, { suggestion })
    })
}
