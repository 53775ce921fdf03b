import { dirname, join } from 'node:path'
import type { Connection } from './kafka.ts'

export const clientFormats = ['kcat', 'java', 'kafkajs'] as const
export type ClientFormat = (typeof clientFormats)[number]

export type ClientAccess = {
  readonly bootstrap: readonly string[]
  /** `client-<name>`; also the name of its consumer group */
  readonly principal: string
  /** Paths as the client's machine has them */
  readonly tls: Connection['tls']
}

/**
 * The settings of a foreign reader, as a file that its program takes as it is. All of them read committed records only:
 * uncommitted ones are either repeated or taken back.
 */
export function clientSettings(format: ClientFormat, access: ClientAccess): string {
  return writers[format](access)
}

const writers: Record<ClientFormat, (access: ClientAccess) => string> = {
  kcat: ({ bootstrap, principal, tls }) =>
    lines(
      '# kcat -F FILE -C -t TOPIC, and anything else on librdkafka',
      `bootstrap.servers=${bootstrap.join(',')}`,
      `client.id=${principal}`,
      `group.id=${principal}`,
      'security.protocol=ssl',
      `ssl.ca.location=${tls.ca}`,
      `ssl.certificate.location=${tls.cert}`,
      `ssl.key.location=${tls.key}`,
      'isolation.level=read_committed',
    ),
  java: ({ bootstrap, principal, tls }) =>
    lines(
      '# Any Java consumer',
      `bootstrap.servers=${bootstrap.join(',')}`,
      `client.id=${principal}`,
      `group.id=${principal}`,
      'security.protocol=SSL',
      'ssl.truststore.type=PEM',
      `ssl.truststore.location=${tls.ca}`,
      'ssl.keystore.type=PEM',
      `ssl.keystore.location=${join(dirname(tls.key), 'keystore.pem')}`,
      'isolation.level=read_committed',
    ),
  kafkajs: ({ bootstrap, principal, tls }) =>
    lines(
      "import { readFileSync } from 'node:fs'",
      "import { promisify } from 'node:util'",
      "import { zstdCompress, zstdDecompress } from 'node:zlib'",
      "import kafkajs from 'kafkajs'",
      '',
      '// Large batches are zstd, which kafkajs leaves to its user; Node has it from 22.15 on.',
      'kafkajs.CompressionCodecs[kafkajs.CompressionTypes.ZSTD] = () => ({',
      '  compress: encoder => promisify(zstdCompress)(encoder.buffer),',
      '  decompress: buffer => promisify(zstdDecompress)(buffer),',
      '})',
      '',
      'export const kafka = new kafkajs.Kafka({',
      `  clientId: ${JSON.stringify(principal)},`,
      `  brokers: ${JSON.stringify(bootstrap)},`,
      '  ssl: {',
      `    ca: readFileSync(${JSON.stringify(tls.ca)}),`,
      `    cert: readFileSync(${JSON.stringify(tls.cert)}),`,
      `    key: readFileSync(${JSON.stringify(tls.key)}),`,
      '  },',
      '})',
      '',
      '/** Reads committed records, which is the default of kafkajs. */',
      `export const consumer = kafka.consumer({ groupId: ${JSON.stringify(principal)} })`,
    ),
}

const lines = (...text: string[]): string => `${text.join('\n')}\n`
