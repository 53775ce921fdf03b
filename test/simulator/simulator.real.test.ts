import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Snap7Client, startSnap7Client } from '../servers/snap7.ts'
import { blockSamples } from './accelerometer.ts'
import { type Simulator, startSimulator } from './index.ts'
import { type Lines, startLines } from './json-lines.ts'
import { pressPoints } from './press-points.ts'

const python = join(import.meta.dirname, '..', '..', '.venv', 'bin', 'python')
const startClient = () => startLines(python, [join(import.meta.dirname, 'asyncua_client.py')])

type Shown = { value: unknown; type: string; status: number; source: number }

describe('the simulator, as asyncua and libsnap7 see it', () => {
  let dir: string
  let simulator: Simulator
  let opcua: Lines
  let s7: Snap7Client
  const readNode = (nodeId: string) => opcua.ask<Shown>({ op: 'read', nodeId })
  const readBlock = async (number: number, size: number) => {
    const { hex } = await s7.command<{ hex: string }>({ op: 'read', number, offset: 0, size })
    return Buffer.from(hex, 'hex')
  }

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'millrace-simulator-'))
    opcua = startClient()
    expect(await opcua.ask({ op: 'certificate', dir })).toEqual({})
    simulator = await startSimulator({
      seed: 7,
      host: '127.0.0.1',
      opcuaPkiDir: join(dir, 'pki'),
      trustedClientCertificates: [join(dir, 'client.der')],
    })
    expect(await opcua.ask({ op: 'connect', url: simulator.endpoints.press, dir })).toEqual({})
    s7 = startSnap7Client()
    await s7.command({ op: 'connect', port: Number(new URL(simulator.endpoints.utilities!).port) })
  })
  afterAll(async () => {
    await opcua?.ask({ op: 'disconnect' })
    await opcua?.end()
    await s7?.end()
    await simulator?.close()
    await rm(dir, { recursive: true, force: true })
  })

  test('has a folder a machine with all its variables', async () => {
    const names = pressPoints.map(point => point.name).toSorted()
    for (const folder of ['1:Press1', '1:Press2']) {
      const answer = await opcua.ask<{ names: string[] }>({ op: 'browse', path: ['Objects', folder] })
      expect(answer.names?.toSorted()).toEqual(names)
    }
  })

  test('shows good values of the declared types with source timestamps of now', async () => {
    const mode = await readNode('ns=1;s=Press1.Mode')
    expect(mode).toMatchObject({ value: 'running', type: 'String', status: 0 })
    expect(Math.abs(mode.source - Date.now() / 1_000)).toBeLessThan(5)
    const speed = await readNode('ns=1;s=Press2.SpindleSpeed')
    expect(speed).toMatchObject({ type: 'Float', status: 0 })
    expect(Math.abs(Number(speed.value) - 1_482)).toBeLessThan(20)
    expect(await readNode('ns=1;s=Press1.PartCount')).toMatchObject({ type: 'UInt32', status: 0 })
  })

  test('reports each vibration block once, 2 s apart by its own clock', async () => {
    const { values } = await opcua.ask<{ values: Shown[] }>({
      op: 'watch',
      nodeId: 'ns=1;s=Press1.SpindleVibration',
      count: 4,
    })
    const blocks = values.map(shown => shown.value as number[])
    for (const block of blocks) expect(block).toHaveLength(blockSamples)
    const times = values.map(shown => shown.source)
    for (const [earlier, later] of [times.slice(1, 3), times.slice(2, 4)]) {
      expect(later! - earlier!).toBeCloseTo(2, 3)
    }
    expect(new Set(blocks.map(block => block[0])).size).toBe(4)
  })

  test('refuses a client that is not trusted, and one without encryption', async () => {
    const stranger = startClient()
    const strange = await mkdtemp(join(dir, 'stranger-'))
    await stranger.ask({ op: 'certificate', dir: strange })
    const url = simulator.endpoints.press
    expect((await stranger.ask({ op: 'connect', url, dir: strange })).error).toBeDefined()
    expect((await stranger.ask({ op: 'connect', url })).error).toBeDefined()
    await simulator.inject({ fault: 'trust', source: 'press', certificate: join(strange, 'client.der') })
    expect(await stranger.ask({ op: 'connect', url, dir: strange })).toEqual({})
    await stranger.ask({ op: 'disconnect' })
    await stranger.end()
  })

  test('keeps the pump and the furnace in their data blocks', async () => {
    const pump = await readBlock(10, 26)
    expect(pump[0]! & 1).toBe(1)
    expect(Math.abs(pump.readFloatBE(2) - 160)).toBeLessThan(5)
    expect(Math.abs(pump.readInt16BE(18) / 10 - 48)).toBeLessThan(2)
    expect(pump.readInt32BE(22)).toBeGreaterThanOrEqual(412 * 3_600)
    const furnace = await readBlock(20, 44)
    expect(furnace.readFloatBE(4)).toBe(820)
    for (const offset of [8, 12, 16]) expect(Math.abs(furnace.readFloatBE(offset) - 820)).toBeLessThan(10)
    expect(furnace.readInt16BE(2)).toBe(1)
  })

  test('a broken sensor has its status, through S7 a value out of range, until it is mended', async () => {
    const point = 'Press1.BearingTemperature'
    await simulator.inject({ fault: 'sensor', source: 'press', point, status: 'BadSensorFailure' })
    await expect.poll(async () => (await readNode(`ns=1;s=${point}`)).status).toBe(0x808c0000)
    await simulator.inject({ fault: 'sensor', source: 'press', point, status: null })
    await expect.poll(async () => (await readNode(`ns=1;s=${point}`)).status).toBe(0)
    const broken = { fault: 'sensor', source: 'utilities', point: 'DB10,REAL2' } as const
    await simulator.inject({ ...broken, status: 'BadSensorFailure' })
    await expect.poll(async () => (await readBlock(10, 26)).readFloatBE(2)).toBeGreaterThan(1e38)
    await simulator.inject({ ...broken, status: null })
    await expect.poll(async () => (await readBlock(10, 26)).readFloatBE(2)).toBeLessThan(200)
    await expect(simulator.inject({ ...broken, point: 'DB10,REAL99', status: null })).rejects.toThrow(
      'DB10,REAL99',
    )
    await expect(simulator.inject({ ...broken, point: 'DB10,X0.0', status: 'Bad' })).rejects.toThrow(
      'DB10,X0.0',
    )
  })

  test('a stopped press says so and its motor draws nothing', async () => {
    await simulator.inject({ fault: 'stop', machine: 'press-2', on: true })
    await expect.poll(async () => (await readNode('ns=1;s=Press2.Mode')).value).toBe('stopped')
    expect(Number((await readNode('ns=1;s=Press2.MotorCurrent')).value)).toBeLessThan(0.5)
    await simulator.inject({ fault: 'stop', machine: 'press-2', on: false })
  })

  test('unplugged, both controllers cut their clients and take no new ones; plugged in, they do, on the same port', async () => {
    const other = startClient()
    const url = simulator.endpoints.press
    await simulator.inject({ fault: 'unplug', source: 'press', on: true })
    expect((await other.ask({ op: 'connect', url, dir })).error).toBeDefined()
    await simulator.inject({ fault: 'unplug', source: 'press', on: false })
    expect(await other.ask({ op: 'connect', url, dir })).toEqual({})
    expect(await other.ask({ op: 'read', nodeId: 'ns=1;s=Press1.Mode' })).toMatchObject({ status: 0 })
    await other.ask({ op: 'disconnect' })
    await other.end()

    await simulator.inject({ fault: 'unplug', source: 'utilities', on: true })
    await expect(readBlock(10, 4)).rejects.toThrow()
    const port = Number(new URL(simulator.endpoints.utilities!).port)
    await expect(s7.command({ op: 'connect', port })).rejects.toThrow()
    await simulator.inject({ fault: 'unplug', source: 'utilities', on: false })
    await s7.command({ op: 'connect', port })
    expect(await readBlock(10, 4)).toHaveLength(4)
  })
})
