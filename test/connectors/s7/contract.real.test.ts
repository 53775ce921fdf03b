import { s7 } from '../../../connectors/s7/index.ts'
import { type Snap7Server, startSnap7 } from '../../servers/snap7.ts'
import { connectorContract } from '../contract.ts'
import { settledClients } from '../running.ts'
import { declare, optionsFor } from './plc.ts'

connectorContract('S7 against libsnap7', () => {
  let server: Snap7Server | undefined
  let port = 0
  const begin = async () => {
    server = await startSnap7({ 1: 20 }, port === 0 ? undefined : port)
    port = server.port
  }
  const good = [declare('speed', 'DB1,INT2'), declare('level', 'DB1,REAL4')] as const
  return {
    start: begin,
    restart: begin,
    get port() {
      return port
    },
    kill: async () => server?.kill(),
    stop: async () => server?.stop(),
    good,
    bad: declare('missing', 'DB99,INT0'),
    async set(tag, value) {
      const bytes = Buffer.alloc(tag === good[0].tag ? 2 : 4)
      if (tag === good[0].tag) bytes.writeInt16BE(value)
      else bytes.writeFloatBE(value)
      await server?.set({ number: 1, offset: tag === good[0].tag ? 2 : 4, hex: bytes.toString('hex') })
    },
    options: port => optionsFor(port, { timeoutMs: 1500 }),
    open: (source, report) => s7.open(source, report),
    sessions: async () => (server ? await settledClients(server) : 0),
    silenceMs: 4000,
  }
})
