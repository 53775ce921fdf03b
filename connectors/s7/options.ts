import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false } as const
const tsap = '^[0-9A-Fa-f]{2}\\.[0-9A-Fa-f]{2}$'

const onChange = (description: string) =>
  Type.Optional(
    Type.Union([Type.Literal('timeFrom'), Type.Literal('value'), Type.Literal('never')], { description }),
  )

/** Options of one S7 source. */
export const options = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^s7://(\\[[0-9A-Fa-f:.]+\\]|[^/:\\s\\[\\]]+)(:\\d{1,5})?$',
      description:
        'address of the CPU or its communication processor: `s7://host` or `s7://host:port`, port 102 by default',
    }),
    rack: Type.Integer({ minimum: 0, maximum: 7, default: 0, description: 'rack of the CPU' }),
    slot: Type.Integer({
      minimum: 0,
      maximum: 31,
      default: 1,
      description: 'slot of the CPU: 1 for S7-1200 and S7-1500, 2 for S7-300, as configured for S7-400',
    }),
    connectionType: Type.Union([Type.Literal('pg'), Type.Literal('op'), Type.Literal('basic')], {
      default: 'pg',
      description:
        'which of the connection resources of the CPU to take: programming device, operator panel, S7 basic',
    }),
    localTsap: Type.String({
      pattern: tsap,
      default: '01.00',
      description: 'own transport selector, two bytes in hexadecimal as the TIA Portal writes it',
    }),
    remoteTsap: Type.Optional(
      Type.String({
        pattern: tsap,
        description:
          'selector of the CPU; left out: made from connectionType, rack and slot. LOGO! wants its own, such as `02.00`',
      }),
    ),
    symbols: Type.Array(Type.String({ pattern: '^/.' }), {
      default: [],
      description:
        'files with the sources of data blocks and types, as the TIA Portal (`.db`, `.udt`, `.scl`) or STEP 7 (`.awl`) exports them, for tags whose address is a symbol. Absolute paths',
    }),
    blockNumbers: Type.Record(Type.String(), Type.Integer({ minimum: 1, maximum: 65_535 }), {
      default: {},
      description:
        'numbers of data blocks by name, for sources that do not tell them, as those of the TIA Portal: `{ DB_Press: 10 }`',
    }),
    scanMs: Type.Integer({
      minimum: 10,
      default: 1000,
      description: 'how often a tag is read that does not say otherwise',
    }),
    onChange: onChange(
      'which readings are left out: `timeFrom`: those whose source time is the same as before; `value`: those whose value and quality are the same; `never`: none. Left out: `timeFrom` for tags that have a timeFrom, `never` for the others',
    ),
    timeoutMs: Type.Integer({
      minimum: 100,
      default: 3000,
      description: 'time for connecting, and for each answer; after it the session is given up',
    }),
    clockIntervalMs: Type.Integer({
      minimum: 0,
      default: 60_000,
      description:
        "how often the CPU's clock is compared with the server's; 0: never. S7-1200 and S7-1500 do not tell their clock and are asked once a session, unless there is a clockAddress",
    }),
    clockAddress: Type.Optional(
      Type.String({
        minLength: 2,
        description:
          'where the program keeps the system time (RD_SYS_T in every cycle), a DTL, LDT or DATE_AND_TIME: `DB100,DTL0`',
      }),
    ),
    pduSize: Type.Integer({
      minimum: 240,
      maximum: 960,
      default: 960,
      description: 'longest PDU to ask for, in bytes; the CPU may grant less',
    }),
    maxJobs: Type.Integer({
      minimum: 1,
      maximum: 32,
      default: 8,
      description: 'most requests under way at a time to ask for; the CPU may grant fewer',
    }),
    gapBytes: Type.Integer({
      minimum: 0,
      maximum: 900,
      default: 32,
      description: 'tags at most this far from each other in one area are read in one block',
    }),
    consistentBytes: Type.Integer({
      minimum: 2,
      maximum: 940,
      default: 160,
      description:
        'most bytes that the CPU copies at once, without its program coming between; tags and their timeFrom that lie within are read in one item, others are verified by reading the time again. An S7-1500 does 512',
    }),
  },
  { ...closed, $id: 's7-options', title: 'S7 source' },
)
export type Options = Static<typeof options>

/** Where a tag is in an S7 controller, and when it is read. */
export const address = Type.Object(
  {
    address: Type.String({
      minLength: 2,
      description:
        'in the syntax of nodes7: `DB10,REAL4`, `DB1,X0.3`, `DB1,S20.30`, `DB1,INT2.5` (five of them), `MW20`, `I0.1`; or a symbol of a file in `symbols`: `"DB_Press".Spindle.Speed`',
    }),
    scanMs: Type.Optional(Type.Integer({ minimum: 10, description: "instead of the source's scanMs" })),
    timeFrom: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'name of the tag (of the same asset; of another one: asset id, slash, name) that holds the source time of this one: an integer since 1970 or a date and time, in UTC',
      }),
    ),
    epochUnit: Type.Optional(
      Type.Union([Type.Literal('s'), Type.Literal('ms'), Type.Literal('us'), Type.Literal('ns')], {
        description:
          'on a tag that others name in timeFrom: what the integer counts since 1970; left out: s in 32 bits, ms in 64',
      }),
    ),
    onChange: onChange("instead of the source's onChange"),
  },
  { ...closed, $id: 's7-address', title: 'S7 tag address' },
)
export type TagAddress = Static<typeof address>
export type OnChange = NonNullable<TagAddress['onChange']>
export type EpochUnit = NonNullable<TagAddress['epochUnit']>

const connectionTypes = { pg: 1, op: 2, basic: 3 } as const
const defaultPort = 102

/** Host, port and transport selectors that the options mean. */
export function dialled(options: Options): {
  host: string
  port: number
  callingTsap: number
  calledTsap: number
} {
  const { endpoint, connectionType, rack, slot, localTsap, remoteTsap } = options
  const [, host = '', port] = /^s7:\/\/\[?(.*?)\]?(?::(\d+))?$/.exec(endpoint) ?? []
  const fromRack = (connectionTypes[connectionType] << 8) | (rack << 5) | slot
  return {
    host,
    port: port === undefined ? defaultPort : Number(port),
    callingTsap: tsapNumber(localTsap),
    calledTsap: remoteTsap === undefined ? fromRack : tsapNumber(remoteTsap),
  }
}

function tsapNumber(text: string): number {
  return Number.parseInt(text.replace('.', ''), 16)
}
