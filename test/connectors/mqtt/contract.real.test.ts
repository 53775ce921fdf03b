import type { MqttClient } from 'mqtt'
import { mqtt } from '../../../connectors/mqtt/index.ts'
import { type Mosquitto, startMosquitto } from '../../servers/mosquitto.ts'
import { connectorContract } from '../contract.ts'
import { declare, machine, optionsFor } from './plant.ts'

connectorContract('MQTT against mosquitto', () => {
  let broker: Mosquitto
  let client: MqttClient
  const good = [
    declare('speed', { topic: 'press/speed', path: 'value', command: { topic: 'press/speed/set' } }),
    declare('level', { topic: 'press/level' }),
  ] as const
  /** The machine: obeys commands, and publishes what it was told. */
  const work = async () => {
    client = await machine(broker.port)
    client.on('message', (_, payload) => {
      client.publish('press/speed', JSON.stringify({ value: JSON.parse(String(payload)) }), { retain: true })
    })
    await client.subscribeAsync('press/speed/set')
  }
  return {
    needs: 'mosquitto',
    async start() {
      broker = await startMosquitto()
      await work()
    },
    async restart() {
      await broker.restart()
      await work()
    },
    get port() {
      return broker.port
    },
    async kill() {
      await client.endAsync(true)
      await broker.kill()
    },
    async stop() {
      await client?.endAsync(true)
      await broker?.stop()
    },
    good,
    bad: declare('missing', { topic: 'press/speed', path: 'nowhere' }),
    async set(tag, value) {
      const [topic, payload] = tag === good[0].tag ? ['press/speed', { value }] : ['press/level', value]
      await client.publishAsync(topic, JSON.stringify(payload), { qos: 1, retain: true })
    },
    options: port => optionsFor(port),
    open: (source, report) => mqtt.open(source, report),
    silenceMs: 4000,
  }
})
