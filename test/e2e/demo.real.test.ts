/** What a visitor does: `npm start`, look at the board, Ctrl-C, start again. */
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import type { PlantStatus } from '../../board/index.ts'
import { Part } from '../../model/index.ts'
import { launchBrowser } from '../board/browser.ts'
import { needs } from '../needs.ts'
import { gone, processesNaming, type RunningPlant, runMillrace, startPlant } from './running-plant.ts'

const press1 = 'demo/press-shop/line-1/press-1'

/** Ports in a row that nobody listens on, below those that the system gives out. */
async function freeRun(): Promise<number> {
  for (;;) {
    const base = 5_000 + 20 * Math.floor(Math.random() * 500)
    const places = ['127.0.0.1', '127.0.0.2', '127.0.0.3'].flatMap(address =>
      Array.from({ length: 20 }, (_, i) => ({ address, port: base + i })),
    )
    if ((await Promise.all(places.map(isFree))).every(Boolean)) return base
  }
}

async function isFree({ address, port }: { address: string; port: number }): Promise<boolean> {
  const server = createServer().listen(port, address)
  return new Promise(resolve => {
    server.once('listening', () => server.close(() => resolve(true)))
    server.once('error', () => resolve(false))
  })
}

const alarmsOf = (status: PlantStatus, asset: string) =>
  status.alarms.open.filter(alarm => alarm.asset === asset)

describe('the demo plant', () => {
  let stateDir: string
  let plant: RunningPlant

  beforeAll(async () => {
    stateDir = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
    plant = await startPlant({ stateDir, npm: true })
  }, 240_000)

  afterAll(async () => {
    await plant?.dispose()
    await rm(stateDir, { recursive: true, force: true })
  })

  test('reads all its machines, warns of press 1 and then raises the alarm, with the reason, and nothing else', async () => {
    const warned = await vi.waitFor(
      async () => {
        const status = await plant.status()
        expect(status.machines.map(({ state }) => state)).toEqual(status.machines.map(() => 'connected'))
        expect(alarmsOf(status, press1).length).toBeGreaterThan(0)
        return status
      },
      { timeout: 90_000, interval: 1_000 },
    )
    expect(alarmsOf(warned, press1)[0]?.reason).toMatch(/inner race/i)
    const alarmed = await vi.waitFor(
      async () => {
        const status = await plant.status()
        expect(alarmsOf(status, press1).map(({ severity }) => severity)).toContain('alarm')
        return status
      },
      { timeout: 180_000, interval: 2_000 },
    )
    expect(new Set(alarmed.alarms.open.map(({ asset }) => asset))).toEqual(new Set([press1]))
  }, 300_000)

  test('tells its status to programs', async () => {
    const { stdout, code } = await plant.millrace('status', '--json')
    const status = JSON.parse(stdout) as PlantStatus
    expect(code).toBe(3) // an alarm is open
    expect(status.brokers.map(({ id, up }) => [id, up])).toEqual([
      [1, true],
      [2, true],
      [3, true],
    ])
    expect(status.machines.map(({ asset, connector }) => `${asset} ${connector}`)).toContain(
      `${press1} opcua`,
    )
    expect(status.board.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/)
    // A machine that starts other plants beside this one may be behind for a while.
    await vi.waitFor(
      async () => {
        const { samplesPerSecond, lag } = await plant.status()
        expect(samplesPerSecond).toBeGreaterThan(20)
        expect(lag.records).toBeLessThan(1_000)
      },
      { timeout: 60_000, interval: 2_000 },
    )
  })

  test('replicates its exports, and counts them', async () => {
    await vi.waitFor(
      async () => {
        const { replication } = await plant.status()
        expect(replication.records).toBeGreaterThan(0)
        expect(replication.lagSeconds).not.toBeNull()
      },
      { timeout: 120_000, interval: 3_000 },
    )
  }, 150_000)

  test('shows the alarm on the board', async context => {
    needs(context, 'chromium')
    const { board } = await plant.status()
    await using browser = await launchBrowser()
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 2 })
    await page.goto(board.url!)
    await page
      .getByText(/inner race/i)
      .first()
      .waitFor()
    await page.locator('.machine .row-value', { hasText: /\d/ }).first().waitFor()
    const picture = process.env.MILLRACE_PICTURE
    if (picture) await page.screenshot({ path: picture })
    expect(await page.getByText('Press 1').count()).toBeGreaterThan(0)
  })

  test('follows the records of an asset', async () => {
    const { stdout } = await plant.millrace('tail', press1, '--from', '1m', '--limit', '20', '--json')
    const records = stdout
      .trim()
      .split('\n')
      .map(line => JSON.parse(line) as { topic: string; key: string })
    expect(records).toHaveLength(20)
    expect(records.every(({ key }) => key.startsWith(press1) || /^[0-9a-f]+$/.test(key))).toBe(true)
  })

  test('is not started twice from one folder, nor on ports that are taken', async () => {
    const again = await plant.millrace('start')
    expect(again.code).toBe(1)
    expect(again.stdout).toMatch(/already running \(process \d+\)/)
    const base = await freeRun()
    const port = base + 3
    const blocker = createServer().listen(port, '127.0.0.2')
    await new Promise(resolve => blocker.once('listening', resolve))
    const other = await mkdtemp(join(tmpdir(), 'millrace-demo-'))
    const taken = await runMillrace(['start', '--state', other, '--port-base', String(base)])
    blocker.close()
    await rm(other, { recursive: true, force: true })
    expect(taken.code).toBe(1)
    expect(taken.stdout.trim().split('\n').at(-1)).toBe(
      `millrace: port ${port} on 127.0.0.2 is taken by another process. Stop it (ss -ltnp 'sport = :${port}' names it), or start with --port-base N`,
    )
  }, 180_000)

  test('stops in order at Ctrl-C, leaves no process, and goes on with its data at the next start', async () => {
    const before = await plant.status()
    expect(await plant.interrupt()).toBe(0)
    expect(processesNaming(stateDir)).toEqual([])
    const order = [...plant.said().matchAll(/stop ([^:\n]*)/g)].map(([, what]) => what)
    expect(order.findIndex(what => what?.includes('connectors'))).toBeLessThan(
      order.findIndex(what => what?.includes('p1/broker')),
    )
    plant = await startPlant({ stateDir, npm: true })
    await vi.waitFor(
      async () => {
        const after = await plant.status()
        expect(after.replication.records).toBeGreaterThanOrEqual(before.replication.records!)
        expect(after.machines.every(({ state }) => state === 'connected')).toBe(true)
      },
      { timeout: 120_000, interval: 2_000 },
    )
  }, 300_000)

  test('leaves no process when whoever started it is killed', async () => {
    plant.process.kill('SIGKILL') // npm itself
    await gone(stateDir, 60_000)
  }, 90_000)
})

const isPart = new Ajv().compile<Part>(Part)

describe('the small plant', () => {
  test('runs everything on one server with one broker, and judges the parts of the presses', async () => {
    const plant = await startPlant({ args: ['--brokers', '1'] })
    try {
      await vi.waitFor(
        async () => {
          const { brokers, machines } = await plant.status()
          expect(brokers.map(({ up }) => up)).toEqual([true])
          expect(machines.every(({ state }) => state === 'connected')).toBe(true)
        },
        { timeout: 200_000, interval: 2_000 },
      )
      const { stdout } = await plant.millrace('tail', 'parts', '--from', 'start', '--limit', '6', '--json')
      const records = stdout
        .trim()
        .split('\n')
        .map(line => JSON.parse(line) as { key: string; value: Part })
      expect(records).toHaveLength(6)
      for (const { key, value } of records) {
        expect(isPart(value), JSON.stringify(isPart.errors)).toBe(true)
        expect(key).toBe(value.asset)
        // The bearing of press 1 is failing; its strokes, and those of press 2, are in order but for a thick sheet.
        expect(['ok', 'scrap']).toContain(value.verdict)
        expect(value.features.thickness?.value).toBeGreaterThan(1.5)
      }
      // SIGKILL of the supervisor: the kernel ends its children.
      plant.process.kill('SIGKILL')
      await gone(plant.stateDir)
    } finally {
      await plant.dispose()
    }
  }, 300_000)
})

describe('a machine that lacks something', () => {
  test('Java: one line, exit code 1', async () => {
    const stateDir = await mkdtemp(join(tmpdir(), 'millrace-nojava-'))
    const { stdout, code } = await runMillrace(['start', '--state', stateDir], { PATH: '/nonexistent' })
    await rm(stateDir, { recursive: true, force: true })
    expect(code).toBe(1)
    expect(stdout.trim()).toBe(
      'millrace: Java 17 or newer is needed, none found. apt-get install openjdk-17-jre-headless',
    )
  })

  test('a plant folder that is wrong: all problems, exit code 1, nothing started', async () => {
    const { stdout, code } = await runMillrace([
      'start',
      '--plant',
      join(import.meta.dirname, 'no-such-plant'),
    ])
    expect(code).toBe(1)
    expect(stdout).toContain('nothing was started')
  })
})
