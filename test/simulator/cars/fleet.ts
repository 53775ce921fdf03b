import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { Aedes } from 'aedes'
import { connectAsync, type MqttClient } from 'mqtt'
import { MillraceError } from '../../../model/index.ts'
import { type Car, type FaultPlan, fleetOf } from './car.ts'

export type FleetOptions = {
  readonly seed: number
  readonly host: string
  /** 0 for a free one. */
  readonly port: number
  /** Topic of each car, by its name. */
  readonly topics: ReadonlyMap<string, string>
  readonly plan?: FaultPlan
  /** Seconds of the fleet a second; 1 when left out. */
  readonly speed?: number
  /** What the cars' clocks show at the start, ms UTC; now when left out. */
  readonly beginMs?: number
}

export type Fleet = {
  readonly endpoint: string
  /** The truth behind what they send, for tests. */
  readonly cars: readonly Car[]
  close(): Promise<void>
}

/** Faults begin after the plant has learned what is normal, and go on coming for ten minutes. */
const demoPlan: FaultPlan = { share: 0.3, firstS: 440, lastS: 1_040 }

/**
 * A broker, and a client a car that publishes once a second of its own time, QoS 1. In plain text, and so on loopback only.
 * @throws MillraceError `port-taken`
 */
export async function startFleet(options: FleetOptions): Promise<Fleet> {
  const broker = await Aedes.createBroker()
  const server = createServer(broker.handle)
  server.listen(options.port, options.host)
  try {
    await once(server, 'listening')
  } catch (cause) {
    throw new MillraceError(
      'port-taken',
      `The fleet's broker cannot listen on ${options.host}:${options.port}`,
      {
        cause,
      },
    )
  }
  const endpoint = `mqtt://${options.host}:${(server.address() as AddressInfo).port}`
  const cars = fleetOf(options.seed, [...options.topics.keys()], options.plan ?? demoPlan)
  const clients = await Promise.all(cars.map(({ name }) => connectAsync(endpoint, { clientId: name })))
  const pace = drive(cars, clients, options)
  return {
    endpoint,
    cars,
    async close() {
      pace.stop()
      await Promise.all(clients.map(client => client.endAsync(true)))
      await new Promise<void>(resolve => broker.close(resolve))
      await new Promise<void>(resolve => server.close(() => resolve()))
    },
  }
}

/** The clock of the fleet: a message of every car each second of its time, the cars spread over that second. */
function drive(
  cars: readonly Car[],
  clients: readonly MqttClient[],
  options: FleetOptions,
): { stop(): void } {
  const { topics, speed = 1, beginMs = Date.now() } = options
  const startedAt = Date.now()
  let sent = 0
  const timer = setInterval(() => {
    const due = Math.floor(((Date.now() - startedAt) / 1_000) * speed * cars.length)
    for (; sent < due; sent++) {
      const [at, second] = [sent % cars.length, Math.floor(sent / cars.length)]
      const car = cars[at]!
      car.step(1)
      const time = Math.round(beginMs + 1_000 * (second + at / cars.length))
      clients[at]!.publish(topics.get(car.name)!, JSON.stringify(car.sample(time)), { qos: 1 })
    }
  }, 10)
  return { stop: () => clearInterval(timer) }
}
