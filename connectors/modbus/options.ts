import { type Static, Type } from 'typebox'

const closed = { additionalProperties: false } as const

const order = (description: string, more: { default?: 'big' } = {}) =>
  Type.Union([Type.Literal('big'), Type.Literal('little')], { ...more, description })
const wordOrder = 'which register of a value of several comes first: the high one (`big`) or the low one'
const byteOrder =
  'which byte of a register comes first: the high one (`big`, as the specification wants) or the low one'

/** Options of one Modbus/TCP source. */
export const options = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^modbus://(\\[[0-9A-Fa-f:.]+\\]|[^/:?\\s\\[\\]]+)(:\\d{1,5})?/?(\\?unit=\\d{1,3})?$',
      description:
        'address of the device or gateway: `modbus://host`, `modbus://host:port?unit=7`; port 502 and unit 1 by default',
    }),
    scanMs: Type.Integer({
      minimum: 10,
      default: 1000,
      description: 'how often a tag is read that does not say otherwise',
    }),
    timeoutMs: Type.Integer({
      minimum: 100,
      default: 3000,
      description: 'time for connecting, and for each answer; after it the session is given up',
    }),
    wordOrder: order(wordOrder, { default: 'big' }),
    byteOrder: order(byteOrder, { default: 'big' }),
    gapRegisters: Type.Integer({
      minimum: 0,
      maximum: 124,
      default: 8,
      description: 'registers at most this far from each other are read in one request',
    }),
    gapBits: Type.Integer({
      minimum: 0,
      maximum: 1999,
      default: 128,
      description: 'coils and discrete inputs at most this far from each other are read in one request',
    }),
    maxRegisters: Type.Integer({
      minimum: 1,
      maximum: 125,
      default: 125,
      description: 'most registers of one request; lower for devices that allow fewer',
    }),
    maxBits: Type.Integer({
      minimum: 1,
      maximum: 2000,
      default: 2000,
      description: 'most coils or discrete inputs of one request; lower for devices that allow fewer',
    }),
  },
  { ...closed, $id: 'modbus-options', title: 'Modbus/TCP source' },
)
export type Options = Static<typeof options>

/** Where a tag is in a Modbus device, and when it is read. */
export const address = Type.Object(
  {
    address: Type.String({
      minLength: 3,
      description:
        'area, number from 0 and type: `holding/100:float32`, `input/7`, `coil/3`, `discrete/0`, `holding/4.11` (a bit), `holding/20:string16`; or as manuals number them from 1: `40101:float32`',
    }),
    scanMs: Type.Optional(Type.Integer({ minimum: 10, description: "instead of the source's scanMs" })),
    unitId: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 255,
        description: "unit behind the gateway, instead of the endpoint's",
      }),
    ),
    wordOrder: Type.Optional(order(`instead of the source's wordOrder: ${wordOrder}`)),
    byteOrder: Type.Optional(order(`instead of the source's byteOrder: ${byteOrder}`)),
  },
  { ...closed, $id: 'modbus-address', title: 'Modbus tag address' },
)
export type TagAddress = Static<typeof address>

const defaultPort = 502
const defaultUnit = 1

/** Host, port and unit that an endpoint names. Does not validate. */
export function dialled(endpoint: string): { host: string; port: number; unitId: number } {
  const [, host = '', port, unit] =
    /^modbus:\/\/\[?(.*?)\]?(?::(\d+))?\/?(?:\?unit=(\d+))?$/.exec(endpoint) ?? []
  return {
    host,
    port: port === undefined ? defaultPort : Number(port),
    unitId: unit === undefined ? defaultUnit : Number(unit),
  }
}
