import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false } as const

const user = Type.Object(
  {
    name: Type.Optional(Type.String({ minLength: 1, description: 'user name, with a password' })),
    passwordEnv: Type.Optional(
      Type.String({ minLength: 1, description: 'name of the environment variable that holds the password' }),
    ),
    passwordFile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'path of the file that holds the password; a line end after it is not part of it',
      }),
    ),
    certificateFile: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'in place of name and password: path of the user certificate (X.509, PEM)',
      }),
    ),
    privateKeyFile: Type.Optional(
      Type.String({ minLength: 1, description: 'path of its private key (PEM, mode 0600)' }),
    ),
  },
  {
    ...closed,
    description: 'who to log in as; left out: anonymous. The password itself never stands in YAML.',
  },
)

/** Options of one OPC UA source. */
export const options = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^opc\\.tcp://[^/\\s]+(/\\S*)?$',
      description: 'URL of the server: `opc.tcp://host:port/path`',
    }),
    securityMode: Type.Union([Type.Literal('SignAndEncrypt'), Type.Literal('Sign'), Type.Literal('None')], {
      default: 'SignAndEncrypt',
      description: 'how messages are protected',
    }),
    securityPolicy: Type.Union(
      [
        Type.Literal('Basic256Sha256'),
        Type.Literal('Aes128_Sha256_RsaOaep'),
        Type.Literal('Aes256_Sha256_RsaPss'),
        Type.Literal('None'),
      ],
      {
        default: 'Basic256Sha256',
        description: 'algorithms used for it; `None` goes with mode `None` alone',
      },
    ),
    user: Type.Optional(user),
    certificateFile: Type.Optional(
      Type.String({
        description:
          "the connector's own application certificate (PEM); left out: pki/own/certs/client_certificate.pem in the source's state folder, made self-signed if missing",
      }),
    ),
    privateKeyFile: Type.Optional(
      Type.String({ description: 'its private key (PEM); left out: pki/own/private/private_key.pem' }),
    ),
    publishingIntervalMs: Type.Number({
      minimum: 10,
      default: 500,
      description: 'how often the server sends what it has collected',
    }),
    samplingIntervalMs: Type.Optional(
      Type.Number({
        minimum: 0,
        description:
          'how often the server looks at a tag that does not say otherwise; 0: at every change the server knows of; left out: the publishing interval',
      }),
    ),
    queueSize: Type.Optional(
      Type.Integer({
        minimum: 1,
        description:
          'values the server keeps for a tag until they are sent; left out: what the sampling interval makes in `bridgeMs`, at least in two publishing intervals, and at least 10',
      }),
    ),
    bridgeMs: Type.Integer({
      minimum: 0,
      default: 15_000,
      description:
        'outage that shall lose nothing: the queues in the server are asked to be that long. A cut cable, a restart of this service and its move to another server are outages',
    }),
    subscriptionLifetimeMs: Type.Integer({
      minimum: 10_000,
      default: 300_000,
      description:
        'how long the server keeps the subscription when nobody asks for it, so that the next session, of this service or its successor, can take it over',
    }),
    rebrowseMs: Type.Integer({
      minimum: 10_000,
      default: 300_000,
      description:
        'how often followed nodes are browsed again, beside the events by which a server tells that its model changed',
    }),
    trigger: Type.Union([Type.Literal('status-value-timestamp'), Type.Literal('status-value')], {
      default: 'status-value-timestamp',
      description:
        'what makes a new sample. `status-value` drops samples that repeat the last value, and with them the knowledge that the sensor was read',
    }),
    watchdogMs: Type.Integer({
      minimum: 1000,
      default: 10_000,
      description:
        'silence after which the session is given up; stretched to three keep-alive intervals where the server revises them',
    }),
    connectTimeoutMs: Type.Integer({
      minimum: 500,
      default: 15_000,
      description: 'time for connecting and logging in',
    }),
    requestTimeoutMs: Type.Integer({ minimum: 5000, default: 10_000, description: 'time for one answer' }),
    sessionTimeoutMs: Type.Integer({
      minimum: 10_000,
      default: 60_000,
      description: 'how long the server keeps the session when it hears nothing from here',
    }),
  },
  { ...closed, $id: 'opcua-options', title: 'OPC UA source' },
)
export type Options = Static<typeof options>

/** Where a tag is in an OPC UA server. */
export const address = Type.Object(
  {
    nodeId: Type.String({
      pattern:
        '^(ns=\\d{1,5};)?(i=\\d{1,10}|s=.+|g=[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}|b=[A-Za-z0-9+/=]+)$',
      description: 'the node: `ns=2;s=Press1.OilTemperature`, `ns=2;i=1042`, ...',
    }),
    follow: Type.Optional(
      Type.Union([Type.Literal('variables'), Type.Literal('events')], {
        description:
          '`variables`: the node is a folder, an object or a type, and each variable below it (or below each object of the type) becomes a tag named after this one and its path. `events`: the samples are the events and alarms that the node notifies. Left out: the node is a variable',
      }),
    ),
    eventFields: Type.Optional(
      Type.Array(Type.String({ pattern: '^\\d{1,5}:[^/]+(/\\d{1,5}:[^/]+)*$' }), {
        minItems: 1,
        maxItems: 64,
        description:
          "with `follow: events`: fields of the vendor's own event types beside the usual ones, each by its browse path, such as `2:Torque` or `2:Motor/2:Speed`; in a sample they have the name of the path's last part",
      }),
    ),
    mode: Type.Optional(
      Type.Union([Type.Literal('subscribe'), Type.Literal('poll')], {
        description:
          '`subscribe` (default): the server sends what it samples. `poll`: the Read service asks, every samplingIntervalMs',
      }),
    ),
    samplingIntervalMs: Type.Optional(
      Type.Number({ minimum: 0, description: "instead of the source's samplingIntervalMs" }),
    ),
    deadbandAbsolute: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description:
          "no new sample until the raw value has changed by more than this, in the server's raw unit",
      }),
    ),
    deadbandPercent: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        maximum: 100,
        description:
          "no new sample until the raw value has changed by more than this share of the variable's EURange; servers offer it for analog items only",
      }),
    ),
  },
  { ...closed, $id: 'opcua-address', title: 'OPC UA tag address' },
)
export type Address = Static<typeof address>
