import { readFile } from 'node:fs/promises'
import { type Static, type TSchema, Type } from 'typebox'
import { builtIn, type Kinds } from './kinds.ts'
import { namePattern } from './patterns.ts'
import type { Plant } from './plant.ts'
import { fileProblem, inReadingOrder, type PlantProblem, plantError } from './problem.ts'
import { closed } from './schema-tree.ts'
import { validate } from './validate.ts'
import { parseYaml, type YamlFile } from './yaml.ts'

const port = (description: string) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: 65_535, description }))

const properties = {
  server: Type.String({
    pattern: namePattern,
    description: "Which server this is: a name in the plant's plant.yaml.",
  }),
  stateDir: Type.String({
    pattern: '^/.*$',
    description: 'Folder for all state of this server; an absolute path.',
  }),
  ports: Type.Object(
    {
      broker: port('Kafka, for clients and the other brokers (TLS).'),
      controller: port("Kafka's KRaft controller (TLS)."),
      replicator: port("The replicator's own, on loopback alone."),
      board: port('The board: HTTP and WebSocket.'),
      connectorsMetrics: port('Metrics of the connectors service, on loopback alone.'),
      processorsMetrics: port('Metrics of the processors service, on loopback alone.'),
      boardMetrics: port('Metrics of the board, on loopback alone.'),
      replicatorMetrics: port('Metrics of the replicator service, on loopback alone.'),
    },
    { default: {}, description: 'Where the services of this server listen; left out: the usual port.' },
  ),
  endpoints: Type.Record(Type.String(), Type.String(), {
    default: {},
    description:
      'By name of source: an endpoint in place of the declared one (address translation, ports found at start).',
  }),
}

/** The one file that differs between the servers of a plant: which of them this one is, its disk, its ports. */
export const serverSchema = closed(Type.Object(properties))
export type ServerFile = Static<typeof serverSchema>

/** @throws MillraceError `config-invalid`, a `PlantError` with every problem. Opens no socket. */
export async function loadServer(path: string, plant: Plant, kinds: Kinds = builtIn): Promise<ServerFile> {
  const { server, problems } = await checkServer(path, plant, kinds)
  if (server === undefined) throw plantError(path, problems)
  return server
}

/** Never rejects. Problems name the file as `path` does. */
export async function checkServer(
  path: string,
  plant: Plant,
  kinds: Kinds = builtIn,
): Promise<{ server?: ServerFile; problems: readonly PlantProblem[] }> {
  const file = await read(path)
  if ('message' in file) return { problems: [file] }
  const problems = file.problems.length > 0 ? file.problems : validate(schemaIn(plant, kinds), file)
  if (problems.length > 0) return { problems: inReadingOrder(problems) }
  return { server: file.value as ServerFile, problems }
}

async function read(path: string): Promise<YamlFile | PlantProblem> {
  try {
    return parseYaml(path, await readFile(path))
  } catch (error) {
    return fileProblem(path, `cannot be read: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** The same, knowing the names of the plant's servers and sources, and what an endpoint of each source looks like. */
function schemaIn({ servers, sources }: Plant, kinds: Kinds): TSchema {
  const endpoints = sources.map(({ name, connector }) => [
    name,
    Type.Optional(kinds.connectors[connector]?.options.properties.endpoint ?? Type.String()),
  ])
  return closed(
    Type.Object({
      ...properties,
      server: Type.Union(servers.map(({ name }) => Type.Literal(name))),
      endpoints: Type.Object(Object.fromEntries(endpoints), { default: {} }),
    }),
  )
}
