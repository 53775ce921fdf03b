import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false } as const
const text = (description: string) => Type.String({ minLength: 1, description })

const user = Type.Object(
  {
    name: text('user name'),
    passwordEnv: Type.Optional(text('name of the environment variable that holds the password')),
    passwordFile: Type.Optional(
      text('path of the file that holds the password; a line end after it is not part of it'),
    ),
  },
  {
    ...closed,
    description: 'who to log in as; left out: nobody. The password itself never stands in YAML.',
  },
)

const payload = Type.Union(
  ['json', 'number', 'boolean', 'text', 'float32le'].map(kind => Type.Literal(kind)) as [
    ReturnType<typeof Type.Literal<'json'>>,
    ReturnType<typeof Type.Literal<'number'>>,
    ReturnType<typeof Type.Literal<'boolean'>>,
    ReturnType<typeof Type.Literal<'text'>>,
    ReturnType<typeof Type.Literal<'float32le'>>,
  ],
  {
    default: 'json',
    description:
      'what a message holds: `json` (also a bare number or `true`), `number` or `boolean` as text, `text` as it is, `float32le` a block of 32 bit floating point samples, little endian',
  },
)

const timeUnit = Type.Union(
  [Type.Literal('s'), Type.Literal('ms'), Type.Literal('us'), Type.Literal('ns'), Type.Literal('iso')],
  {
    default: 'iso',
    description:
      'what stands at timePath: seconds, milliseconds, microseconds or nanoseconds since 1970, or ISO 8601 text (UTC where it names no zone)',
  },
)

const path = Type.Optional(
  text(
    'where the value is in the JSON: `motor.speed`, `axes.0.load`, or an RFC 6901 pointer such as `/motor/speed`; left out: all of it',
  ),
)

const timePath = Type.Optional(
  text('where the source time is in the JSON; left out: the time at which the message came'),
)

const subscription = Type.Object(
  {
    topic: text(
      'topic filter whose wildcards have names: `plant/+line/+machine/#`. `+` without a name matches and is not used',
    ),
    asset: text(
      'asset id with the names in braces: `demo/hall/{line}/{machine}`. Its first segment, the site, is written out',
    ),
    tag: Type.String({
      default: '',
      description:
        'name of the tag: `{rest}` is what `#` stands for, joined by dashes. Left out: `{rest}`; with `tagsFrom: keys` the key alone',
    }),
    tagsFrom: Type.Union([Type.Literal('topic'), Type.Literal('keys')], {
      default: 'topic',
      description: '`topic`: a message is one tag; `keys`: every key of its JSON object is one',
    }),
    payload,
    path,
    timePath,
    timeUnit,
    unit: Type.Optional(text('unit of all its tags')),
    sampleRateHz: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'needed with `float32le`: samples a second in a block',
      }),
    ),
  },
  { ...closed, description: 'Topics whose assets and tags are made when they are first seen.' },
)
export type Subscription = Static<typeof subscription>

const sparkplug = Type.Object(
  {
    group: Type.Optional(
      text(
        'Sparkplug group whose nodes and devices become assets when they are born; left out: only declared tags',
      ),
    ),
    deviceAsset: Type.Optional(
      text(
        'asset id of a device: `demo/hall/{node}/{device}`. Without it the metrics of devices are left alone',
      ),
    ),
    nodeAsset: Type.Optional(
      text("asset id for a node's own metrics: `demo/hall/gateways/{node}`. Without it they are left alone"),
    ),
    rebirth: Type.Boolean({
      default: true,
      description:
        'ask a node for its birth (NCMD Node Control/Rebirth) when it is unknown or its sequence has a gap; false: never publish',
    }),
    rebirthIntervalMs: Type.Integer({
      minimum: 1000,
      default: 10_000,
      description: 'a node is asked at most this often',
    }),
    primaryHost: Type.Optional(
      Type.String({
        pattern: '^[^/+#]+$',
        description:
          'announce this host id in a STATE message, so that nodes which wait for their primary host send; left out: none',
      }),
    ),
  },
  { ...closed, description: 'Sparkplug B, beyond what declared tags need.' },
)
export type SparkplugOptions = Static<typeof sparkplug>

/** Options of one MQTT source. */
export const options = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^mqtts?://[^/\\s?#@]+$',
      description:
        'the broker: `mqtts://host:port` (TLS, port 8883), or `mqtt://127.0.0.1:port` (port 1883) on the same machine',
    }),
    unencrypted: Type.Boolean({
      default: false,
      description:
        'allow `mqtt://` to another machine: anybody on the network can read and change what is sent. Not with a user',
    }),
    protocolVersion: Type.Union([Type.Literal('5'), Type.Literal('3.1.1')], {
      default: '5',
      description: 'MQTT version; `3.1.1` for brokers that know no other',
    }),
    clientId: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description:
          'names the session at the broker, and must be its only user; left out: `millrace-` and the name of the source',
      }),
    ),
    user: Type.Optional(user),
    caFile: Type.Optional(
      text("certificate of the CA that issued the broker's (PEM); left out: the CAs of the system"),
    ),
    certificateFile: Type.Optional(text('own client certificate (PEM), where the broker wants one')),
    privateKeyFile: Type.Optional(text('its private key (PEM, mode 0600)')),
    serverName: Type.Optional(
      text("name to expect in the broker's certificate; left out: the host of the endpoint"),
    ),
    keepAliveSeconds: Type.Integer({
      minimum: 1,
      maximum: 3600,
      default: 10,
      description: 'a broker silent for one and a half times as long is given up',
    }),
    timeoutMs: Type.Integer({
      minimum: 500,
      default: 10_000,
      description: 'time for connecting, for each answer of the broker, and for a write to be read back',
    }),
    qos: Type.Union([Type.Literal(1), Type.Literal(0)], {
      default: 1,
      description:
        'quality of service to subscribe with. 1: acknowledged once durable here; 0: what is under way at a cut is gone',
    }),
    sessionExpirySeconds: Type.Integer({
      minimum: 0,
      maximum: 4_294_967_295,
      default: 86_400,
      description:
        'how long the broker keeps session and queue while we are away; 0: not at all. With 3.1.1 any other value means: as long as the broker is set to',
    }),
    sharedGroup: Type.Optional(
      Type.String({
        pattern: '^[^/+#]+$',
        description:
          'shares the messages with the other clients of this group (`$share/GROUP/...`); each needs a clientId of its own',
      }),
    ),
    maxInFlight: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 1000,
      description:
        'most messages that the broker may send before the first is acknowledged (Receive Maximum), and most that wait here in memory',
    }),
    maxMessageBytes: Type.Integer({
      minimum: 1000,
      default: 1_048_576,
      description: 'a longer message is counted as lost and not read',
    }),
    batchMs: Type.Integer({
      minimum: 1,
      maximum: 1000,
      default: 20,
      description:
        'messages are made durable together for at most this long; a pause in their stream ends it earlier',
    }),
    names: Type.Union([Type.Literal('slug'), Type.Literal('exact')], {
      default: 'slug',
      description:
        '`slug`: names from topics and keys are put into lower case letters, digits and dashes (`Line_1` is `line-1`); `exact`: what is not written so already is refused',
    }),
    maxTags: Type.Integer({
      minimum: 1,
      default: 20_000,
      description: 'most tags that are made from topics; messages for more are counted as lost',
    }),
    subscriptions: Type.Array(subscription, {
      default: [],
      description: 'topics to follow by pattern, besides the declared tags',
    }),
    sparkplug: Type.Optional(sparkplug),
  },
  { ...closed, $id: 'mqtt-options', title: 'MQTT source' },
)
export type Options = Static<typeof options>

const metric = Type.Object(
  {
    group: text('group id'),
    node: text('edge node id'),
    device: Type.Optional(text("device id; left out: one of the node's own metrics")),
    name: text('name of the metric as its birth tells: `Motor/Speed`'),
    writable: Type.Boolean({
      default: false,
      description: 'may be written by the command guard, with NCMD or DCMD',
    }),
  },
  { ...closed, description: 'a Sparkplug B metric, in place of `topic`' },
)

const command = Type.Object(
  {
    topic: text('where the value to set is published'),
    path: Type.Optional(text('where in a JSON object it stands; left out: the value alone')),
    retain: Type.Boolean({ default: false, description: 'publish it retained' }),
  },
  { ...closed, description: 'how the command guard writes this tag; it is read back from `topic`' },
)

/** Where a tag is at an MQTT broker. */
export const address = Type.Object(
  {
    topic: Type.Optional(
      Type.String({ pattern: '^[^+#]+$', description: 'topic whose messages hold the value; no wildcards' }),
    ),
    path,
    payload,
    timePath,
    timeUnit,
    metric: Type.Optional(metric),
    command: Type.Optional(command),
  },
  { ...closed, $id: 'mqtt-address', title: 'MQTT tag address' },
)
export type Address = Static<typeof address>
export type PayloadKind = Address['payload']
export type TimeUnit = Address['timeUnit']
export type Metric = NonNullable<Address['metric']>
