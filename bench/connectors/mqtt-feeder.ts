/**
 * Publishes for the MQTT bench from a process of its own, so that its CPU is not ours. Arguments: port, connections,
 * client ids, messages, messages a second. Messages of one client id go through one connection, QoS 1, and each holds
 * its number.
 */
import { setTimeout as sleep } from 'node:timers/promises'
import { connectAsync } from 'mqtt'

const [port = 0, connections = 1, ids = 1, messages = 0, rate = 1] = process.argv.slice(2).map(Number)
const clients = await Promise.all(
  Array.from({ length: connections }, (_, i) =>
    connectAsync(`mqtt://127.0.0.1:${port}`, {
      protocolVersion: 5,
      clientId: `feeder-${i}`,
      reconnectPeriod: 0,
    }),
  ),
)
process.send?.('ready')
await new Promise(resolve => process.once('message', resolve))
const began = performance.now()
let open = 0
for (let n = 0; n < messages; ) {
  const due = Math.min(messages, Math.floor(((performance.now() - began) / 1000) * rate))
  for (; n < due && open < 5000; n++) {
    const id = n % ids
    open++
    clients[id % connections]!.publish(
      `fleet/car-${id}/state`,
      `{"n":${n},"speed":${(n % 2000) / 10},"t":${Date.now()}}`,
      { qos: 1 },
      () => open--,
    )
  }
  await sleep(2)
}
while (open > 0) await sleep(5)
process.send?.({ seconds: (performance.now() - began) / 1000 })
await Promise.all(clients.map(client => client.endAsync()))
process.disconnect?.()
