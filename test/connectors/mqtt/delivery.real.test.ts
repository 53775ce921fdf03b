import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { MqttClient } from 'mqtt'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { openBuffer } from '../../../connectors/buffer/buffer.ts'
import type { Sample } from '../../../model/index.ts'
import { lack, needs } from '../../needs.ts'
import { type Mosquitto, startMosquitto } from '../../servers/mosquitto.ts'
import { Collector } from '../collector.ts'
import { declare, machine, optionsFor, type Running, start, stateDir } from './plant.ts'

const counter = declare('counter', { topic: 'plant/counter' })
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i)

describe('what is acknowledged, and when', () => {
  let broker: Mosquitto
  let client: MqttClient
  let running: Running[] = []
  let clients = 0

  const publish = (from: number, to: number) =>
    Promise.all(range(from, to).map(n => client.publishAsync('plant/counter', String(n), { qos: 1 })))
  const begin = async (
    given: object,
    emit?: (samples: readonly Sample[]) => Promise<void>,
    resume?: string,
  ) => {
    const options = optionsFor(broker.port, given)
    const started = await start({ tags: [counter], options, ...(emit && { emit }), resume })
    running.push(started)
    return started
  }

  beforeEach(context => {
    needs(context, 'mosquitto')
    clients++
  })
  beforeAll(async () => {
    if (lack('mosquitto')) return
    broker = await startMosquitto({ lines: ['max_queued_messages 0'] })
    client = await machine(broker.port)
  })
  afterEach(async () => {
    for (const each of running) await each.stop()
    running = []
  })
  afterAll(async () => {
    await client?.endAsync(true)
    await broker?.stop()
  })

  /** The sizes of the emits that it takes for 2,000 messages when each takes 30 ms, and the values in order. */
  const slowly = async (given: object) => {
    const sizes: number[] = []
    const collector = new Collector()
    await begin({ clientId: `slow-${clients}`, ...given }, async samples => {
      await new Promise(resolve => setTimeout(resolve, 30))
      if (samples.length > 0) sizes.push(samples.length)
      await collector.emit(samples)
    })
    await publish(0, 2000)
    await collector.until(() => collector.samples.length >= 2000, 60_000)
    expect(collector.samples.map(({ value }) => value)).toEqual(range(0, 2000))
    return sizes
  }

  test('a slow emit holds back as many as the client allows, not one at a time', async () => {
    const sizes = await slowly({ maxInFlight: 500 })
    expect(Math.max(...sizes)).toBeGreaterThan(20)
    expect(Math.max(...sizes)).toBeLessThanOrEqual(500)
    expect(sizes.length).toBeLessThan(100)
  })

  test('so with MQTT 3.1.1, which has no word for it: the connection is held back', async () => {
    const sizes = await slowly({ protocolVersion: '3.1.1', maxInFlight: 100 })
    expect(Math.max(...sizes)).toBeLessThanOrEqual(100)
    expect(sizes.length).toBeLessThan(200)
  })

  test('nothing is acknowledged before emit resolves: another session of the client gets it all again', async () => {
    const never = Promise.withResolvers<void>()
    const held: Sample[] = []
    const arrived = Promise.withResolvers<void>()
    const first = await begin({ clientId: 'held', maxInFlight: 10 }, async samples => {
      held.push(...samples)
      if (samples.length === 0) return
      arrived.resolve()
      await never.promise
    })
    await publish(0, 100)
    await arrived.promise
    await first.connector.close()
    never.reject(new Error('not durable after all'))
    const { collector } = await begin({ clientId: 'held', maxInFlight: 10 })
    await collector.until(() => collector.samples.length >= 100)
    expect(collector.samples.map(({ value }) => value)).toEqual(range(0, 100))
    expect(held.length).toBeLessThanOrEqual(10)
  })

  test('what is durable and was not acknowledged is not counted again', async () => {
    const first = await begin({ clientId: 'again' })
    await publish(0, 5)
    await first.collector.until(() => first.collector.samples.length === 5)
    // The next emit is durable, and the connection is gone before its acknowledgement.
    const durable: Sample[] = []
    await first.stop()
    const second = await begin(
      { clientId: 'again' },
      async samples => {
        durable.push(...samples)
        if (samples.length > 0) await second.connector.close()
      },
      first.resume(),
    )
    await publish(5, 10)
    await second.end.catch(() => {})
    expect(durable.length).toBeGreaterThan(0)
    const third = await begin({ clientId: 'again' }, undefined, second.resume())
    await publish(10, 12)
    await third.collector.until(() => third.collector.samples.some(({ value }) => value === 11))
    const values = [...durable, ...third.collector.samples].map(({ value }) => value)
    expect(values).toEqual(range(5, 12))
  })

  test('the session outlives us and a restart of the broker', async () => {
    const first = await begin({ clientId: 'kept' })
    await publish(0, 1)
    await first.collector.until(() => first.collector.samples.length === 1)
    await first.stop()
    await publish(1, 50)
    await client.endAsync(true)
    await broker.terminate()
    await broker.restart()
    client = await machine(broker.port)
    const { collector } = await begin({ clientId: 'kept' }, undefined, first.resume())
    await collector.until(() => collector.samples.length >= 49)
    expect(collector.samples.map(({ value }) => value)).toEqual(range(1, 50))
  })

  test('filters that are no longer declared are unsubscribed from a kept session', async () => {
    const options = optionsFor(broker.port, { clientId: 'changed' })
    const other = declare('other', { topic: 'plant/other' })
    const first = await start({ tags: [counter, other], options })
    await first.collector.until(() => first.resume() !== undefined)
    await first.stop()
    const second = await begin({ clientId: 'changed' }, undefined, first.resume())
    await client.publishAsync('plant/other', '1', { qos: 1 })
    await publish(1, 2)
    await second.collector.sample(counter.tag, ({ value }) => value === 1)
    expect(second.collector.samples.length).toBe(1)
  })

  test('killed again and again under load: every message once', async () => {
    const dir = await stateDir()
    const options = optionsFor(broker.port, { clientId: 'killed', maxInFlight: 200 })
    const source = JSON.stringify({ name: 'broker', options, tags: [counter] })
    const launch = async (): Promise<ChildProcess> => {
      const script = fileURLToPath(new URL('reader.ts', import.meta.url))
      const child = spawn(process.execPath, [script, dir, source], { stdio: ['ignore', 'pipe', 'inherit'] })
      const connected = Promise.withResolvers<void>()
      createInterface(child.stdout!).on('line', line => line === 'connected' && connected.resolve())
      await connected.promise
      return child
    }
    let child = await launch()
    const total = 6000
    let published = 0
    const publishing = (async () => {
      for (; published < total; published += 100) await publish(published, published + 100)
    })()
    for (const after of [1000, 2500, 4000]) {
      while (published < after) await publishTick()
      child.kill('SIGKILL')
      await once(child, 'exit')
      child = await launch()
    }
    await publishing
    try {
      const values = await untilStored(dir, total)
      expect(values).toEqual(range(0, total))
    } finally {
      child.kill('SIGTERM')
      await once(child, 'exit')
      await rm(dir, { recursive: true })
    }
  }, 60_000)
})

const publishTick = () => new Promise(resolve => setTimeout(resolve, 5))

/** The counter's values in the disk buffer, in the order in which they were stored, once there are so many. */
async function untilStored(dir: string, count: number): Promise<number[]> {
  const end = performance.now() + 60_000
  for (;;) {
    const values = stored(dir)
    if (values.length >= count || performance.now() > end) return values
    await new Promise(resolve => setTimeout(resolve, 100))
  }
}

function stored(dir: string): number[] {
  const buffer = openBuffer({ path: join(dir, 'buffer.db') })
  const values: number[] = []
  try {
    for (let after = 0; ; ) {
      const rows = buffer.read(after, 1 << 24)
      if (rows.length === 0) return values
      for (const { body } of rows) values.push(...JSON.parse(`{${Buffer.from(body)}`).value)
      after = rows.at(-1)!.seq
    }
  } finally {
    buffer.close()
  }
}
