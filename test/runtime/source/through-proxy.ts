/** Loaded before a service: what it would send to the broker's port goes to a proxy in front of it, for this process alone. */
import { syncBuiltinESMExports } from 'node:module'
import tls from 'node:tls'

const [from, to] = process.env.MILLRACE_TEST_PROXY!.split(':').map(Number)
const connect = tls.connect as (port: number, ...rest: unknown[]) => tls.TLSSocket

Object.assign(tls, {
  connect: (port: number, ...rest: unknown[]) => connect(port === from ? to! : port, ...rest),
})
syncBuiltinESMExports()
