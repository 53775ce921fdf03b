import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DataType } from 'node-opcua-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Connector, Found } from '../../../connectors/contract.ts'
import { type Address, type Options, opcua, trust } from '../../../connectors/opcua/index.ts'
import { status } from '../../../model/index.ts'
import { lack, needs } from '../../needs.ts'
import { Milo } from '../../servers/milo.ts'
import { Collector } from '../collector.ts'
import type { Declared } from '../contract.ts'
import { NodeServer } from './node-server.ts'
import { declared, optionsFor } from './plant.ts'

// On node-opcua's server: what asyncua does not offer (deadbands, enumerations, changes of the model).
let dir: string
let server: NodeServer
const opened: { connector: Connector; abort: AbortController }[] = []

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'millrace-features-'))
  server = await NodeServer.start()
  await trust(dir, await server.certificate())
  build(server)
}, 60_000)
afterEach(async () => {
  for (const { connector, abort } of opened.splice(0)) {
    abort.abort()
    await connector.close()
  }
})
afterAll(async () => {
  await server?.stop()
  await rm(dir, { recursive: true, force: true })
})

type Pump = { readonly speed: { setValueFromSource(value: object): void }; readonly node: unknown }
const pumps: Pump[] = []
let pumpType: ReturnType<ReturnType<NodeServer['addressSpace']['getOwnNamespace']>['addObjectType']>

/** Objects/Hall/Pump A and Pump B of a type with a Speed; an analog item; an enumeration; a cycle. */
function build({ addressSpace }: NodeServer): void {
  const own = addressSpace.getOwnNamespace()
  pumpType = own.addObjectType({ browseName: 'PumpType' })
  const hall = own.addFolder(addressSpace.rootFolder.objects, { browseName: 'Hall', nodeId: 'ns=1;s=Hall' })
  for (const name of ['Pump A', 'Pump B']) pumps.push(addPump(name))
  hall.addReference({ referenceType: 'Organizes', nodeId: hall.nodeId })
  own.addAnalogDataItem({
    organizedBy: hall,
    browseName: 'Level',
    nodeId: 'ns=1;s=Level',
    dataType: 'Double',
    engineeringUnitsRange: { low: 0, high: 200 },
    engineeringUnits: { namespaceUri: 'urn:u', unitId: 1, displayName: 'mm', description: 'millimetre' },
    minimumSamplingInterval: 0,
    value: { dataType: DataType.Double, value: 0 },
  })
  const gait = own.addEnumerationType({ browseName: 'Gait', enumeration: ['Stop', 'Walk', 'Run'] })
  own.addVariable({
    organizedBy: hall,
    browseName: 'Gait',
    nodeId: 'ns=1;s=Gait',
    dataType: gait.nodeId,
    value: { dataType: DataType.Int32, value: 1 },
  })
}

function addPump(browseName: string): Pump {
  const { addressSpace } = server
  const own = addressSpace.getOwnNamespace()
  const hall = addressSpace.findNode('ns=1;s=Hall')!
  const node = own.addObject({
    organizedBy: hall as never,
    browseName,
    typeDefinition: pumpType,
    nodeId: `ns=1;s=${browseName}`,
  })
  const speed = own.addVariable({
    componentOf: node,
    browseName: 'MotorSpeed',
    nodeId: `ns=1;s=${browseName}.Speed`,
    dataType: 'Double',
    minimumSamplingInterval: 0,
    value: { dataType: DataType.Double, value: 1 },
  })
  return { node, speed }
}

const at = (name: string, nodeId: string, more: Partial<Address>): Declared<Address> => {
  const { tag, address } = declared(name, nodeId)
  return { tag, address: { ...address, ...more } }
}

const optionsAt = (port: number, given: Partial<Options> = {}, path = ''): Options =>
  optionsFor(`opc.tcp://127.0.0.1:${port}${path}`, {
    publishingIntervalMs: 100,
    samplingIntervalMs: 0,
    ...given,
  })

async function run(tags: readonly Declared<Address>[], options = optionsAt(server.port)): Promise<Collector> {
  const collector = new Collector()
  const connector = opcua.open({ name: 'features', options, tags, stateDir: dir }, collector.report)
  const abort = new AbortController()
  opened.push({ connector, abort })
  await connector.connect(abort.signal)
  connector.run(collector.emit, abort.signal).catch(() => {})
  return collector
}

const named = (collector: Collector) => new Set(collector.samples.map(({ tag }) => tag.name))
const write = (name: string, value: number) => {
  const node = server.addressSpace.findNode(`ns=1;s=${name}`) as unknown as Pump['speed']
  node.setValueFromSource({ dataType: DataType.Double, value })
}

describe('a followed node', () => {
  test('stands for the variables below it, and follows the model as it changes', async () => {
    const collector = await run([at('hall', 'ns=1;s=Hall', { follow: 'variables' })])
    const names = ['hall-pump-a-motor-speed', 'hall-pump-b-motor-speed', 'hall-level', 'hall-gait']
    await collector.until(() => named(collector).size === names.length)
    expect([...named(collector)].sort()).toEqual([...names].sort())

    let added: Pump | undefined
    server.addressSpace.modelChangeTransaction(() => {
      added = addPump('Pump C')
      modelChanged('Pump C')
    })
    await collector.until(() => named(collector).has('hall-pump-c-motor-speed'))
    write('Pump C.Speed', 7)
    await collector.until(() => collector.samples.some(({ value }) => value === 7))

    server.addressSpace.modelChangeTransaction(() => {
      server.addressSpace.deleteNode(added?.node as never)
      modelChanged('Pump A')
    })
    const gone = await collector.until(() =>
      collector.samples.find(sample => sample.status === status.badNodeIdUnknown),
    )
    expect(gone).toMatchObject({ tag: { name: 'hall-pump-c-motor-speed' }, value: null })
  }, 60_000)

  test('that is a type stands for those of each object of the type', async () => {
    const collector = await run([at('pumps', pumpType.nodeId.toString(), { follow: 'variables' })])
    await collector.until(() => named(collector).size === 2)
    expect([...named(collector)].sort()).toEqual(['pumps-pump-a-motor-speed', 'pumps-pump-b-motor-speed'])
  }, 60_000)
})

/** A server raises the event by itself for nodes with a NodeVersion; here it is raised by hand. */
function modelChanged(name: string): void {
  const { addressSpace } = server
  addressSpace.rootFolder.objects.server.raiseEvent('GeneralModelChangeEventType', {
    changes: { dataType: DataType.String, value: name },
  })
}

test('an enumeration comes as number and name', async () => {
  const gait = declared('gait', 'ns=1;s=Gait')
  const collector = await run([gait])
  expect((await collector.sample(gait.tag, () => true)).value).toEqual({ value: 1, name: 'Walk' })
}, 60_000)

describe('a deadband', () => {
  test.each([
    ['absolute', { deadbandAbsolute: 5 }, [0, 10, 20]],
    ['of 5 % of 0 to 200', { deadbandPercent: 5 }, [0, 20]],
  ] as const)('%s holds small changes back', async (_, deadband, expected) => {
    const level = at('level', 'ns=1;s=Level', deadband)
    write('Level', 0)
    const collector = await run([level])
    await collector.sample(level.tag, ({ value }) => value === 0)
    for (const value of [4, 10, 6, 8, 20, 24, 20]) write('Level', value)
    await collector.sample(level.tag, ({ value }) => value === 20)
    expect(collector.of(level.tag).map(({ value }) => value)).toEqual([...expected])
  })

  test('that the server refuses makes the tag bad, and says what to write instead', async () => {
    const speed = at('speed', 'ns=1;s=Pump A.Speed', { deadbandPercent: 5 })
    const collector = await run([speed])
    await collector.sample(speed.tag, ({ value }) => value === null)
    const problem = collector.problems.get('speed')
    expect(problem).toMatchObject({ code: 'unsupported', hint: expect.stringContaining('deadbandAbsolute') })
  }, 60_000)
})

test('polled tags are read on their interval, what was due is counted, and what is missed', async () => {
  const tags = [at('level', 'ns=1;s=Level', { mode: 'poll' }), at('nowhere', 'ns=1;s=No', { mode: 'poll' })]
  const collector = await run(tags, optionsAt(server.port, { samplingIntervalMs: 50 }))
  const [level, nowhere] = tags
  for (const value of [101, 102, 103]) {
    write('Level', value)
    await collector.sample(level!.tag, sample => sample.value === value)
  }
  expect(collector.problems.get('nowhere')?.code).toBe('bad-address')
  expect(await collector.sample(nowhere!.tag, () => true)).toMatchObject({ status: status.badNodeIdUnknown })
  expect(collector.expected).toBeGreaterThanOrEqual(collector.samples.length)
  const missed = collector.lost.map(({ count }) => Number(count)).reduce((sum, count) => sum + count, 0)
  expect(collector.expected - missed).toBe(collector.samples.length)
}, 60_000)

async function browsed(options: Options): Promise<Found[]> {
  const found: Found[] = []
  for await (const each of opcua.browse!(options, dir, new AbortController().signal)) found.push(each)
  return found
}

test('more tags than the server has items for: split over subscriptions, and the rest is polled', async () => {
  const small = await NodeServer.start({ maxMonitoredItemsPerSubscription: 20, maxMonitoredItems: 50 })
  try {
    await trust(dir, await small.certificate())
    const tags = Array.from({ length: 60 }, (_, i) => declared(`n${i}`, `ns=1;s=n${i}`))
    for (const { tag } of tags) await small.add(tag.name, 1)
    const collector = await run(tags, optionsAt(small.port, { samplingIntervalMs: 50 }))
    await collector.until(() => named(collector).size === 60)
    expect(await small.subscriptions()).toBe(3)
    for (const { tag } of tags) small.set(tag.name, 2)
    await collector.until(() => tags.every(({ tag }) => collector.of(tag).some(({ value }) => value === 2)))
    expect(collector.problems.size).toBe(0)
    await opened.pop()!.connector.close()
  } finally {
    await small.stop()
  }
}, 60_000)

describe('browsing', () => {
  test('tells the tree, parents first, with types, units and addresses; a cycle ends', async () => {
    const found = await browsed(optionsAt(server.port))
    const of = (...path: string[]) => found.find(each => each.path.join('/') === path.join('/'))
    expect(of('Hall')).toEqual({ path: ['Hall'] })
    expect(of('Hall', 'Level')).toMatchObject({
      address: { nodeId: 'ns=1;s=Level' },
      type: 'Double',
      unit: 'mm',
    })
    expect(of('Hall', 'Gait')).toMatchObject({ type: 'Gait' })
    expect(of('Hall', 'Pump A', 'MotorSpeed')).toBeDefined()
    const at = (...path: string[]) => found.indexOf(of(...path)!)
    expect(at('Hall')).toBeLessThan(at('Hall', 'Pump A'))
    expect(at('Hall', 'Pump A', 'MotorSpeed')).toBe(at('Hall', 'Pump A') + 1)
  }, 60_000)
})

describe('on Eclipse Milo', () => {
  let milo: Milo | undefined
  beforeAll(async () => {
    if (lack('milo')) return
    milo = await Milo.start()
    await trust(dir, await milo.certificate())
  }, 60_000)
  afterAll(() => milo?.stop())

  test('events come as samples with their fields', async context => {
    needs(context, 'milo')
    const eventFields = ['1:Torque', '1:Absent']
    const alarms = at('alarms', 'i=2253', { follow: 'events', eventFields })
    const collector = await run([alarms], optionsAt(milo!.port, {}, '/test'))
    await milo!.event(700, 'OilLow')
    const { value, t } = await collector.sample(alarms.tag, () => true)
    expect(value).toMatchObject({
      eventId: Buffer.from('OilLow').toString('base64'),
      eventType: 'ns=0;i=2041',
      sourceName: 'Server',
      message: 'OilLow',
      severity: 700,
      Torque: 12.5,
    })
    expect(value).not.toHaveProperty('Absent')
    expect(Math.abs(t / 1000 - Date.now())).toBeLessThan(60_000)
  }, 60_000)

  test('2,000 nodes are browsed, 500 a call, with continuation', async context => {
    needs(context, 'milo')
    for (let i = 0; i < 2000; i++) await milo!.add(`many${i}`, i)
    const found = await browsed(optionsAt(milo!.port, {}, '/test'))
    const many = found.filter(({ path }) => path[0]?.startsWith('many'))
    expect(new Set(many.map(({ address }) => address?.nodeId)).size).toBe(2000)
  }, 60_000)
})
