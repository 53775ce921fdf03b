import { modbus } from '../../../connectors/modbus/index.ts'
import { type PymodbusServer, startPymodbus } from '../../servers/pymodbus.ts'
import { connectorContract } from '../contract.ts'
import { settledClients } from '../running.ts'
import { declare, optionsFor } from './device.ts'

connectorContract('Modbus/TCP against pymodbus', () => {
  let server: PymodbusServer | undefined
  let port = 0
  const begin = async () => {
    server = await startPymodbus(port === 0 ? undefined : port)
    port = server.port
  }
  const good = [declare('speed', 'holding/2:int16'), declare('level', 'holding/4:float32')] as const
  return {
    start: begin,
    restart: begin,
    get port() {
      return port
    },
    kill: async () => server?.kill(),
    stop: async () => server?.stop(),
    good,
    bad: declare('missing', 'holding/150'),
    async set(tag, value) {
      if (tag === good[0].tag) await server?.set('holding', 2, [value])
      else await server?.set('holding', 4, await server.encode('FLOAT32', value, 'big'))
    },
    options: port => optionsFor(port, { timeoutMs: 1500 }),
    open: (source, report) => modbus.open(source, report),
    sessions: async () => (server ? await settledClients(server) : 0),
    silenceMs: 4000,
  }
})
