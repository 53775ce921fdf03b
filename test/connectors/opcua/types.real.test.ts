import { existsSync } from 'node:fs'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import type { Value } from '../../../model/index.ts'
import { needs, python } from '../../needs.ts'
import { Bench, declared } from './plant.ts'

type Case = { type: string; sent: unknown; value: Value; write?: Value }

/** One value of each built-in type (OPC 10000-6, table 1): as given to asyncua, and as a sample has to carry it. */
const cases: Case[] = [
  { type: 'Boolean', sent: true, value: true, write: false },
  { type: 'SByte', sent: -128, value: -128, write: 127 },
  { type: 'Byte', sent: 255, value: 255, write: 1 },
  { type: 'Int16', sent: -32_768, value: -32_768, write: 32_767 },
  { type: 'UInt16', sent: 65_535, value: 65_535, write: 2 },
  { type: 'Int32', sent: -2_147_483_648, value: -2_147_483_648, write: 2_147_483_647 },
  { type: 'UInt32', sent: 4_294_967_295, value: 4_294_967_295, write: 3 },
  {
    type: 'Int64',
    sent: '-9223372036854775807',
    value: -9_223_372_036_854_775_807n,
    write: -(2n ** 53n) - 1n,
  },
  { type: 'UInt64', sent: '18446744073709551615', value: 18_446_744_073_709_551_615n, write: 2n ** 63n + 1n },
  { type: 'Float', sent: 0.1, value: 0.1, write: 0.3 },
  { type: 'Double', sent: 0.1, value: 0.1, write: -1e300 },
  { type: 'String', sent: 'Überdruck', value: 'Überdruck', write: '' },
  {
    type: 'DateTime',
    sent: '2024-02-29T12:34:56.789Z',
    value: '2024-02-29T12:34:56.789Z',
    write: '1999-12-31T23:59:59.999Z',
  },
  { type: 'DateTime', sent: '2024-02-29T12:34:56.789012Z', value: '2024-02-29T12:34:56.7890120Z' },
  {
    type: 'Guid',
    sent: '72962b91-fa75-4ae6-8d28-b404dc7daf63',
    value: '72962B91-FA75-4AE6-8D28-B404DC7DAF63',
    write: '12345678-0000-4000-8000-0123456789AB',
  },
  { type: 'ByteString', sent: 'AAEC/w==', value: 'AAEC/w==', write: 'CAk=' },
  { type: 'XmlElement', sent: '<a>1</a>', value: '<a>1</a>' },
  { type: 'NodeId', sent: 'ns=2;s=Pump', value: 'ns=2;s=Pump' },
  { type: 'ExpandedNodeId', sent: 'ns=2;i=7', value: 'ns=2;i=7' },
  { type: 'StatusCode', sent: 0x80340000, value: 0x80340000 },
  { type: 'QualifiedName', sent: '1:Pump', value: '1:Pump' },
  {
    type: 'LocalizedText',
    sent: { text: 'Pumpe', locale: 'de' },
    value: { text: 'Pumpe', locale: 'de' },
    write: { text: 'pump', locale: 'en' },
  },
]

const arrays: Case[] = [
  ...cases.map(({ type, sent, value }) => ({ type, sent: [sent, sent], value: [value, value] })),
  { type: 'Double', sent: [], value: [] },
]

let bench: Bench
beforeEach(context => needs(context, 'python'))
beforeAll(async () => {
  if (!existsSync(python)) return
  bench = await Bench.start()
}, 60_000)
afterEach(() => bench?.closeRuns())
afterAll(() => bench?.stop())

describe.each([
  ['scalars', cases],
  ['arrays', arrays],
])('%s', (shape, list) => {
  const tags = list.map(({ type }, i) => declared(`${type}-${i}`, `ns=1;s=${shape}.${type}.${i}`))

  test('of every built-in type', async () => {
    await bench.server.add(
      list.map(({ type, sent: value }, i) => ({
        nodeId: tags[i]!.address.nodeId,
        type,
        value,
        writable: true,
      })),
    )
    const { collector } = await bench.run(tags)
    for (const [i, { value }] of list.entries()) {
      const sample = await collector.sample(tags[i]!.tag, () => true)
      expect({ type: list[i]!.type, value: sample.value, status: sample.status }).toEqual({
        type: list[i]!.type,
        value,
        status: 0,
      })
    }
  }, 60_000)

  test('are written as the type of the node, and read back', async () => {
    const { connector } = await bench.run(tags)
    for (const [i, { type, value, write }] of list.entries()) {
      if (shape === 'scalars' ? write === undefined : !cases.find(each => each.type === type)?.write) continue
      const back = await connector.write!(tags[i]!.tag, write ?? value, new AbortController().signal)
      expect({ type, back }).toEqual({ type, back: write ?? value })
      expect((await bench.server.read(tags[i]!.address.nodeId)).type).toBe(type)
    }
  }, 60_000)
})

test('a matrix comes as nested arrays', async () => {
  const matrix = declared('matrix', 'ns=1;s=Matrix')
  const node = {
    nodeId: matrix.address.nodeId,
    type: 'Int32',
    value: [
      [1, 2, 3],
      [4, 5, 6],
    ],
  }
  await bench.server.add([node])
  const { collector } = await bench.run([matrix])
  const sample = await collector.sample(matrix.tag, () => true)
  expect(sample.value).toEqual([
    [1, 2, 3],
    [4, 5, 6],
  ])
}, 60_000)

test('a structure comes by its fields, with a nested one, an enumeration and exact 64-bit integers', async () => {
  const axis = declared('axis', 'ns=1;s=Axis')
  await bench.server.structure(axis.address.nodeId)
  const { collector } = await bench.run([axis])
  const sample = await collector.sample(axis.tag, () => true, 30_000)
  expect(sample.value).toEqual({
    count: -(2n ** 53n) - 1n,
    ratio: 0.1,
    name: 'axis',
    points: [1.5, 2.5],
    gait: { value: 1, name: 'Walk' },
    inner: { depth: 0.3 },
  })
}, 60_000)

test.each([
  ['Byte', 256, 'bad-type'],
  ['Int32', 1.5, 'bad-type'],
  ['Boolean', 1, 'bad-type'],
])(
  'what a %s cannot hold is refused before it is sent',
  async (type, value, code) => {
    const tag = declared(type, `ns=1;s=scalars.${type}.${cases.findIndex(each => each.type === type)}`)
    const { connector } = await bench.run([tag])
    await expect(connector.write!(tag.tag, value, new AbortController().signal)).rejects.toMatchObject({
      code,
    })
  },
  60_000,
)

test('writing to what is not there, or not writable, says so', async () => {
  const nowhere = declared('nowhere', 'ns=1;s=Nowhere')
  const fixed = declared('fixed', 'ns=1;s=Fixed')
  await bench.server.add([{ nodeId: fixed.address.nodeId, type: 'Double', value: 1 }])
  const { connector } = await bench.run([nowhere, fixed])
  const write = (tag: typeof fixed) => connector.write!(tag.tag, 1, new AbortController().signal)
  await expect(write(nowhere)).rejects.toMatchObject({ code: 'bad-address' })
  await expect(write(fixed)).rejects.toMatchObject({ code: 'unauthorised' })
}, 60_000)
