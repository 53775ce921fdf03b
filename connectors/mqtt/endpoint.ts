import type { Options } from './options.ts'

/** Host and port that the endpoint means, and whether TLS protects them. */
export function dialled({ endpoint }: Pick<Options, 'endpoint'>): {
  host: string
  port: number
  tls: boolean
} {
  const { protocol, hostname, port } = new URL(endpoint)
  const tls = protocol === 'mqtts:'
  const host = hostname.replace(/^\[|\]$/g, '')
  return { host, port: port === '' ? (tls ? 8883 : 1883) : Number(port), tls }
}
