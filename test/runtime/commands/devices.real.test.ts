/** `millrace read` and `browse` as a person calls them, against libsnap7 and a recording. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { checkPlant } from '../../../config/index.ts'
import { runMillrace } from '../../e2e/running-plant.ts'
import { needs, python } from '../../needs.ts'
import { Asyncua } from '../../servers/asyncua.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'

const dir = mkdtempSync(join(tmpdir(), 'millrace-devices-'))
const plant = join(dir, 'plant')
const pump = 'demo/hall/line-1/pump'
let s7: Snap7Server | undefined

const millrace = async (...args: string[]) => {
  const { stdout, code } = await runMillrace(args, { MILLRACE_STATE: join(dir, 'state') })
  return { stdout, code }
}

beforeAll(async () => {
  if (!existsSync(python)) return
  s7 = await startSnap7({ 10: 32 })
  mkdirSync(join(plant, 'machines'), { recursive: true })
  writeFileSync(
    join(plant, 'plant.yaml'),
    'plant: p\nsite: demo\nservers: [{ name: p1, address: 127.0.0.1, nodeId: 1, services: [broker, connectors, processors] }]\n',
  )
  writeFileSync(
    join(plant, 'machines', 'pump.yaml'),
    `source: pump
connector: s7
options: { endpoint: "s7://127.0.0.1:${s7.port}", scanMs: 50 }
assets:
  - id: ${pump}
    name: Pump
    tags:
      - { name: level, address: "DB10,INT0", rawRange: [0, 27648], unitRange: [0, 10], range: [0, 10], unit: m }
      - { name: gone, address: "DB11,INT0" }
`,
  )
}, 60_000)
afterAll(async () => {
  await s7?.stop()
  rmSync(dir, { recursive: true })
})

describe('reading a declared tag from libsnap7', () => {
  test('gives its value in its unit, with quality and time', async context => {
    needs(context, 'python')
    await s7!.put(10, 'int', 0, 13_824)
    const { stdout, code } = await millrace('read', `${pump}/level`, '--plant', plant, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ value: 5, unit: 'm', quality: 'good', status: 0 })
    expect(code).toBe(0)
    const line = await millrace('read', `${pump}/level`, '--plant', plant)
    expect(line.stdout).toMatch(/^5 m {2}good {2}\d{4}-/)
  })

  test('a value out of range is bad, and the exit code says so', async context => {
    needs(context, 'python')
    await s7!.put(10, 'int', 0, 32_767)
    const { stdout, code } = await millrace('read', `${pump}/level`, '--plant', plant)
    expect(stdout).toMatch(/bad \(0x803c0000\)/)
    expect(code).toBe(3)
  })

  test('a block that the controller does not have is told', async context => {
    needs(context, 'python')
    const { stdout, code } = await millrace('read', `${pump}/gone`, '--plant', plant, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ value: null, quality: 'bad', problem: expect.any(String) })
    expect(code).toBe(3)
  })

  test('a tag that is not declared is told with the nearest', async () => {
    const { stdout, code } = await millrace('read', `${pump}/levle`, '--plant', plant)
    expect(stdout).toMatch(new RegExp(`no tag .*Did you mean ${pump}/level\\?`))
    expect(code).toBe(1)
  })
})

describe('a recording as a device that can be browsed and read by address', () => {
  const file = join(dir, 'bench.csv')
  const url = pathToFileURL(file).href
  writeFileSync(file, 'time,Oil Temp,Speed\n2026-03-01T06:00:00Z,48.5,1500\n2026-03-01T06:00:01Z,48.6,1501\n')
  const asset = ['--asset', 'demo/hall/line-1/bench']

  test('prints what there is', async () => {
    const { stdout } = await millrace('browse', url)
    expect(stdout).toBe('Oil Temp  Oil Temp  number\nSpeed  Speed  number\n')
    const json = await millrace('browse', url, '--filter', 'oil', '--json')
    expect(JSON.parse(json.stdout)).toEqual([
      { path: ['Oil Temp'], address: { column: 'Oil Temp' }, type: 'number' },
    ])
  })

  test('writes a file that passes the check, once', async () => {
    const machine = join(plant, 'machines', 'bench.yaml')
    const args = ['browse', url, '--write', machine, '--source', 'bench', ...asset]
    expect(await millrace(...args)).toMatchObject({
      code: 0,
      stdout: `2 tags of 1 asset are in ${machine}\n`,
    })
    const written = readFileSync(machine, 'utf8')
    expect((await checkPlant(plant)).problems).toEqual([])
    expect(written).toContain('{ name: oil-temp, column: Oil Temp }')
    expect(await millrace(...args)).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/is there already/),
    })
    expect(readFileSync(machine, 'utf8')).toBe(written)
  })

  test('reads one value', async () => {
    const { stdout, code } = await millrace('read', `${url}#Speed`, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ value: 1500, quality: 'good' })
    expect(code).toBe(0)
  })

  test.each([
    [['read', `${url}#Sped`, '--timeout', '3'], /has no "Sped".*Did you mean "Speed"/, 3],
    [['read', url], /does not say which column/, 1],
    [['read', `${url}#Speed`, '--option', 'sped=2'], /unknown key "sped", did you mean "speed"/, 1],
    [['read', 'opc.tpc://x'], /Did you mean opc\.tcp:/, 1],
    [['browse', 's7://x'], /cannot tell what a device offers/, 1],
    [['browse', url, '--write', join(dir, 'x.yaml'), ...asset], /--source "" is not a name/, 1],
  ])('says what is wrong: %o', async (args, message, exit) => {
    const { stdout, code } = await millrace(...args)
    expect(stdout).toMatch(message)
    expect(code).toBe(exit)
  })
})

describe('devices by their address', () => {
  test('libsnap7 is read', async context => {
    needs(context, 'python')
    await s7!.put(10, 'real', 4, 0.1)
    const { stdout, code } = await millrace('read', `s7://127.0.0.1:${s7!.port}/DB10,REAL4`, '--json')
    expect(JSON.parse(stdout)).toMatchObject({ value: 0.1, quality: 'good', unit: null })
    expect(code).toBe(0)
  })

  test('asyncua is browsed, written and read', async context => {
    needs(context, 'python')
    const server = await Asyncua.start({ policies: ['None'] })
    try {
      await server.add([1, 2].map(i => ({ nodeId: `ns=2;s=Press.T${i}`, type: 'Double', value: i * 1.5 })))
      const open = ['--option', 'securityMode=None', '--option', 'securityPolicy=None']
      const machine = join(plant, 'machines', 'press.yaml')
      const target = ['--write', machine, '--source', 'press', '--asset', 'demo/hall/line-1/press']
      const written = await millrace('browse', server.endpoint, '--filter', 'press.t', ...target, ...open)
      expect(written).toEqual({ stdout: `2 tags of 1 asset are in ${machine}\n`, code: 0 })
      expect((await checkPlant(plant)).problems).toEqual([])
      const { stdout } = await millrace('read', 'demo/hall/line-1/press/press-t2', '--plant', plant, '--json')
      expect(JSON.parse(stdout)).toMatchObject({ value: 3, quality: 'good' })
    } finally {
      await server.stop()
    }
  })
})
