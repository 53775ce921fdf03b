import { type Static, type TObject, type TProperties, type TSchema, Type } from 'typebox'
import { AlarmOptions } from '../alarms/lifecycle.ts'
import { BufferOptions } from '../connectors/buffer/options.ts'
import type { ConnectorKind } from '../connectors/contract.ts'
import { assetPattern } from '../model/index.ts'
import { AggregateOptions } from '../processors/aggregate/index.ts'
import type { Kinds } from './kinds.ts'
import { bootstrapPattern, hostPattern, name } from './patterns.ts'
import { serviceNames } from './plant.ts'
import { closed, described } from './schema-tree.ts'
import { instanceProperties, type ParameterValue } from './template-schema.ts'

const server = Type.Object(
  {
    name: name('Name of the server; its server file refers to it.'),
    address: Type.String({
      pattern: hostPattern,
      description: 'IP address or host name at which the other servers and the region reach it.',
    }),
    nodeId: Type.Integer({
      minimum: 1,
      maximum: 2_147_483_647,
      description: "Kafka's node.id; never given to another server, even after this one is gone.",
    }),
    services: Type.Array(Type.Union(serviceNames.map(service => Type.Literal(service))), {
      uniqueItems: true,
      description: 'What runs there. A plant has 1 or 3 servers with a broker.',
    }),
  },
  { description: 'One server of the plant.' },
)

const region = Type.Object(
  {
    name: name('Name of the region; part of the export topics.'),
    bootstrap: Type.Optional(
      Type.Array(Type.String({ pattern: bootstrapPattern }), {
        minItems: 1,
        description: 'Brokers of the regional cluster. Without it `millrace start` runs one of its own.',
      }),
    ),
    exports: Type.Array(Type.String(), {
      uniqueItems: true,
      description: 'The export policy: topics that may leave the plant. Raw data never may.',
    }),
  },
  { description: 'Where the exports go. Without it nothing leaves the plant.' },
)

/** `plant.yaml` */
export const plantSchema = closed(
  Type.Object({
    plant: name('Name of the plant; names its state folder.'),
    site: name('First segment of every asset id; unique in the region.'),
    title: Type.Optional(
      Type.String({ minLength: 1, description: 'Shown on the board; else the name of the plant.' }),
    ),
    partitions: Type.Integer({
      minimum: 1,
      maximum: 256,
      default: 3,
      description:
        'Partitions of every topic that is processed. Fixed at install: it cannot be changed later.',
    }),
    servers: Type.Array(server, { minItems: 1, description: 'The servers of the plant.' }),
    region: Type.Optional(region),
    aggregates: Type.Optional(
      described(AggregateOptions, 'How the aggregates of all assets are made; left out: the defaults.'),
    ),
    alarms: Type.Optional(
      described(AlarmOptions, 'When the alarms of all signals clear; left out: the defaults.'),
    ),
    simulator: Type.Optional(
      Type.Object(
        {
          seed: Type.Integer({
            minimum: 0,
            maximum: 4_294_967_295,
            default: 1,
            description: 'Same seed, same run of the simulated machines.',
          }),
        },
        { description: 'Simulates the machines. Without it nothing is simulated.' },
      ),
    ),
  }),
)
export type PlantFile = Static<typeof plantSchema>

/** What every tag has; the connector's address keys stand beside it. */
export const tagProperties = {
  name: name('Name of the tag; unique in the asset.'),
  class: Type.Union([Type.Literal('telemetry'), Type.Literal('waveform')], {
    default: 'telemetry',
    description: '`waveform` for blocks of equidistant samples (vibration); they go to a topic of their own.',
  }),
  unit: Type.Optional(
    Type.String({ minLength: 1, description: "UCUM or the plant's own text; shown, never computed with." }),
  ),
  scale: Type.Optional(
    Type.Number({
      description:
        'value = raw × scale + offset, for numbers, and for each number of an array; 1 when left out.',
    }),
  ),
  offset: Type.Optional(Type.Number({ description: 'value = raw × scale + offset; 0 when left out.' })),
  rawRange: Type.Optional(
    Type.Tuple([Type.Number(), Type.Number()], {
      description:
        'With `unitRange`, instead of scale and offset: two raw values, such as [0, 27648] of a Siemens analog input.',
    }),
  ),
  unitRange: Type.Optional(
    Type.Tuple([Type.Number(), Type.Number()], {
      description:
        'What these two are in the unit, such as [0, 10]. The line goes on beyond them; limits are `range`.',
    }),
  ),
  curve: Type.Optional(
    Type.Literal('square-root', {
      description:
        'With `rawRange` and `unitRange`: the unit grows with the square root of the raw value between them, as flow does with a differential pressure. A raw value before the first point has no root and becomes BadOutOfRange.',
    }),
  ),
  range: Type.Optional(
    Type.Tuple([Type.Number(), Type.Number()], {
      description:
        '[low, high] in the unit of the tag; a value outside is passed on with status BadOutOfRange, an array or waveform as a whole when one element is outside.',
    }),
  ),
  aggregate: Type.Optional(
    Type.Union([Type.Literal('time-weighted'), Type.Literal('counter'), Type.Literal('states')], {
      description:
        'What its aggregates have beside count, extremes and mean. `time-weighted`: `timeMean`, in which a value counts as long as it was held. `counter`: `increase`, over wraps and resets. `states`: seconds in each value of a text, integer or boolean.',
    }),
  ),
  wrap: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description:
        'Counters: how many values it has before it begins again from zero, such as 65536. Without it a fall is a reset.',
    }),
  ),
  description: Type.Optional(Type.String({ description: 'What is measured, and where on the machine.' })),
  sampleRateHz: Type.Optional(
    Type.Number({
      exclusiveMinimum: 0,
      description: 'Waveforms only, and needed there: samples a second in a block.',
    }),
  ),
}

const assetProperties = {
  ...instanceProperties,
  id: Type.String({ pattern: assetPattern, description: 'site/area/line/asset; unique in the plant.' }),
  name: Type.String({ minLength: 1, description: 'Shown to people.' }),
  description: Type.Optional(Type.String({ description: 'What it is, and what for.' })),
  class: Type.Optional(
    name(
      'Assets of one class are alike, and share trained models; of an asset from a template it is the template, unless told.',
    ),
  ),
}

/** What every signal has; the options of its processor stand beside it. */
export const signalProperties = (processor: TSchema) => ({
  processor: described(processor, 'What computes it.'),
  name: name('Name of the signal; unique in the asset.'),
})

const sourceProperties = (connector: TSchema) => ({
  source: name('Name of this connection; unique in the plant.'),
  connector: described(connector, 'The protocol that the device speaks.'),
  maxSessions: Type.Integer({
    minimum: 1,
    maximum: 16,
    default: 2,
    description:
      "Sessions that the plant's servers together may have with the device. With 1, a server that loses touch with Kafka for four seconds ends its session, for another may begin one. With more, it reads on into its disk buffer, so that an outage of Kafka loses nothing.",
  }),
})

const machineSchemas = new WeakMap<Kinds, Map<string | undefined, TObject<TProperties>>>()

/**
 * A file in `machines/`, for one connector: its `options`, and its address keys in every tag. With an unknown connector
 * these two are left open, so that everything else in the file is still checked. Always the same object for the same
 * arguments, so that it is compiled once.
 */
export function machineSchema(kinds: Kinds, connector: string | undefined): TObject<TProperties> {
  const made = machineSchemas.get(kinds) ?? new Map()
  machineSchemas.set(kinds, made)
  const schema = made.get(connector) ?? makeMachineSchema(kinds, connector)
  made.set(connector, schema)
  return schema
}

function makeMachineSchema(kinds: Kinds, connector: string | undefined): TObject<TProperties> {
  const kind = connector === undefined ? undefined : kinds.connectors[connector]
  const options = kind?.options ?? Type.Object({}, { additionalProperties: true })
  const tag = Type.Object(
    { ...tagProperties, ...kind?.address.properties },
    { additionalProperties: kind === undefined },
  )
  return closed(
    Type.Object({
      ...sourceProperties(Type.Union(Object.keys(kinds.connectors).map(name => Type.Literal(name)))),
      options: described(options, 'How to reach the device; the keys are those of the connector.'),
      buffer: BufferOptions,
      assets: Type.Array(assetSchema(kinds, tag, kind), {
        ...(mustDeclare(kind) && { minItems: 1 }),
        ...(kind?.discovers && { default: [] }),
        description: `What this connection serves${onlyDeclared(kind)}.`,
      }),
    }),
  )
}

/** Of an unknown connector nobody can tell. */
const mustDeclare = (kind: ConnectorKind | undefined) => kind !== undefined && !kind.discovers

const onlyDeclared = (kind: ConnectorKind | undefined) =>
  kind && mustDeclare(kind) ? `: ${kind.kind} reads only what is declared` : ''

function assetSchema(kinds: Kinds, tag: TSchema, kind: ConnectorKind | undefined): TSchema {
  return Type.Object({
    ...assetProperties,
    tags: Type.Array(tag, {
      ...(mustDeclare(kind) && { minItems: 1 }),
      ...(kind?.discovers && { default: [] }),
      description: `Its measuring points${onlyDeclared(kind)}.`,
    }),
    signals: Type.Array(signalSchema(kinds), { default: [], description: 'What is computed from its tags.' }),
  })
}

function signalSchema(kinds: Kinds): TSchema {
  return Type.Unsafe({
    type: 'object',
    discriminator: { propertyName: 'processor' },
    required: ['processor'],
    oneOf: kinds.processors.map(({ kind, options }) =>
      Type.Object({ ...signalProperties(Type.Literal(kind)), ...options.properties }),
    ),
  })
}

/** A file in `machines/` as it stands after its check. */
export type MachineFile = {
  source: string
  connector: string
  maxSessions: number
  options: Record<string, unknown> & { endpoint: string }
  buffer: BufferOptions
  assets: {
    id: string
    name: string
    description?: string
    class?: string
    template?: string
    with?: Record<string, ParameterValue>
    table?: string
    tags: (Record<string, unknown> & Static<TObject<typeof tagProperties>>)[]
    signals: { processor: string; name: string; [option: string]: unknown }[]
  }[]
}
