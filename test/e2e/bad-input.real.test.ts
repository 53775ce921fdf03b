/** A plant on a bad day: everything that can be wrong with a machine, at once. The rest runs on, and each is told. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { stringify } from 'yaml'
import type { MachineStatus } from '../../board/index.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { freePort } from '../free-ports.ts'
import { lack, type Need, needs } from '../needs.ts'
import { Asyncua } from '../servers/asyncua.ts'
import { type Snap7Server, startSnap7 } from '../servers/snap7.ts'
import { type RunningPlant, startPlant } from './running-plant.ts'

const wanted: Need[] = ['python']

describe('a plant with bad machines', () => {
  let dir: string
  let trusted: Asyncua
  let s7: Snap7Server
  let plant: RunningPlant

  beforeAll(async () => {
    if (lack(...wanted)) return
    dir = await mkdtemp(join(tmpdir(), 'millrace-bad-'))
    s7 = await startSnap7({ 1: 64 })
    trusted = await Asyncua.start()
    await trusted.add([{ nodeId: 'ns=1;s=Good', type: 'Double', value: 1 }])
    await writePlant(dir, trusted.endpoint, s7.port)
    plant = await startPlant({ plantDir: join(dir, 'plant'), args: ['--no-simulator'] })
  }, 240_000)

  afterAll(async () => {
    await plant?.dispose()
    await trusted?.stop()
    await s7?.stop()
    if (dir) await rm(dir, { recursive: true, force: true })
  })

  const machine = async (asset: string): Promise<MachineStatus> => {
    const { machines } = await plant.status()
    return machines.find(found => found.asset === `bad/hall/line/${asset}`)!
  }
  const told = (asset: string, check: (status: MachineStatus) => void) =>
    vi.waitFor(async () => check(await machine(asset)), { timeout: 60_000, interval: 1_000 })

  test('an unreachable controller is told with its address, and what to do', async context => {
    needs(context, ...wanted)
    await told('unreachable', ({ state, reason }) => {
      expect(state).toBe('disconnected')
      expect(reason).toMatch(/127\.0\.0\.1:\d+/)
    })
  })

  test('a data block that is not there makes that tag bad; its neighbour is read', async context => {
    needs(context, ...wanted)
    await told('press', ({ state, badTags }) => {
      expect(state).toBe('degraded')
      expect(badTags.map(({ tag }) => tag)).toEqual(['no-block'])
      expect(badTags[0]?.reason).toMatch(/DB99/)
    })
  })

  test('a certificate that is not trusted is told; trusting it by command mends it without a restart', async context => {
    needs(context, ...wanted)
    await told('oven', ({ state, reason }) => {
      expect(state).toBe('disconnected')
      expect(reason).toMatch(/millrace pki trust/)
    })
    const listed = JSON.parse((await plant.millrace('pki', 'trust', '--json')).stdout) as {
      thumbprint: string
    }[]
    expect(listed).toHaveLength(1)
    expect((await plant.millrace('pki', 'trust', listed[0]!.thumbprint)).code).toBe(0)
    await told('oven', ({ state, badTags }) => {
      expect(state).toBe('degraded')
      // And a node id that is not there.
      expect(badTags.map(({ tag }) => tag)).toEqual(['no-node'])
      expect(badTags[0]?.reason).toMatch(/ns=1;s=Missing/)
    })
  })

  test('a payload that cannot be read goes to dead-letter with its reason, and processing goes on', async context => {
    needs(context, ...wanted)
    const tls = (name: string) => join(plant.stateDir, 'servers', 'p1', 'pki', 'connectors', `${name}.pem`)
    const connectors = connectKafka({
      bootstrap: [await bootstrapOf(plant)],
      clientId: 'poison',
      tls: { ca: tls('ca'), cert: tls('cert'), key: tls('key') },
    })
    const writer = await connectors.writer()
    await writer.write([
      { topic: 'telemetry', partition: 0, key: 'bad/hall/line/press', value: '{"v":1,"asset":' },
    ])
    await writer.close()
    const { stdout } = await plant.millrace(
      'tail',
      'dead-letter',
      '--from',
      'start',
      '--limit',
      '1',
      '--json',
    )
    const letter = JSON.parse(stdout) as { headers: Record<string, string> }
    expect(letter.headers.reason).toMatch(/cannot be read/)
    expect(letter.headers.position).toMatch(/^telemetry\/0\/\d+$/)
    const listed = await plant.millrace('deadletter', 'list', '--json')
    expect(listed.code).toBe(3)
    const [waiting] = JSON.parse(listed.stdout) as { letter: string; position: string; state: string }[]
    expect(waiting).toMatchObject({ position: letter.headers.position, state: 'waiting' })
    // What is wrong with the record itself is wrong again.
    const retried = await plant.millrace('deadletter', 'retry', waiting!.letter, '--json')
    expect(retried.code).toBe(3)
    const { again } = JSON.parse(retried.stdout) as { again: { retryOf: string; reason: string }[] }
    expect(again).toMatchObject([{ retryOf: waiting!.letter, reason: letter.headers.reason }])
    const out = join(dir, 'backtest')
    const played = await plant.millrace('backtest', '--from', '1h', '--diff', '--json', '--out', out)
    expect(played.code, played.stdout).toBe(0)
    expect(JSON.parse(played.stdout)).toMatchObject({ plant: 'bad-day', differences: 0 })
    const { stdout: later } = await plant.millrace('tail', 'aggregates-1s', '--limit', '10', '--json')
    const assets = later
      .trim()
      .split('\n')
      .map(line => (JSON.parse(line) as { value: { asset: string } }).value.asset)
    expect(assets).toContain('bad/hall/line/press') // others may give some out, too
  })
})

async function bootstrapOf(plant: RunningPlant): Promise<string> {
  const { brokers } = await plant.status()
  return `${brokers[0]!.host}:${brokers[0]!.port}`
}

async function writePlant(dir: string, opcuaEndpoint: string, s7Port: number): Promise<void> {
  const machines = join(dir, 'plant', 'machines')
  await mkdir(machines, { recursive: true })
  const services = ['broker', 'connectors', 'processors', 'board']
  const server = { name: 'p1', address: '127.0.0.1', nodeId: 1, services }
  const plant = { plant: 'bad-day', site: 'bad', title: 'A bad day', partitions: 1, servers: [server] }
  await writeFile(join(dir, 'plant', 'plant.yaml'), stringify(plant))
  const file = (source: string, connector: string, endpoint: string, asset: string, tags: object[]) =>
    writeFile(
      join(machines, `${source}.yaml`),
      stringify({
        source,
        connector,
        options: { endpoint },
        assets: [{ id: `bad/hall/line/${asset}`, name: asset, tags }],
      }),
    )
  await file('plc', 's7', `s7://127.0.0.1:${s7Port}`, 'press', [
    { name: 'good', address: 'DB1,REAL0' },
    { name: 'no-block', address: 'DB99,REAL0' },
  ])
  await file('nobody', 's7', `s7://127.0.0.1:${await freePort()}`, 'unreachable', [
    { name: 'x', address: 'DB1,REAL0' },
  ])
  await file('oven', 'opcua', opcuaEndpoint, 'oven', [
    { name: 'good', nodeId: 'ns=1;s=Good' },
    { name: 'no-node', nodeId: 'ns=1;s=Missing' },
  ])
}
