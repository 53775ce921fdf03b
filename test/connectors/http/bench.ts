import { spawn } from 'node:child_process'
import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Value as TypeBox } from 'typebox/value'
import type { Connector, Emit } from '../../../connectors/contract.ts'
import { http, type Options, options as schema, type TagAddress } from '../../../connectors/http/index.ts'
import type { Tag } from '../../../model/index.ts'
import { freePort } from '../../free-ports.ts'
import { Collector } from '../collector.ts'

export type DeclaredTag = { readonly tag: Tag; readonly address: TagAddress }

export const asset = 'test/area/line/bench'

export function declare(name: string, more: Partial<Tag> = {}, address: TagAddress = {}): DeclaredTag {
  return { tag: { asset, name, class: 'telemetry', ...more }, address }
}

export const declared = [
  declare('speed'),
  declare('torque', { unit: 'N.m', range: [0, 100] }),
  declare('oil-temperature', {}, { postedAs: 'Oil [°C]' }),
]

/** Options as the configuration gives them: defaults filled in from the schema. */
export function optionsFor(endpoint: string, given: Partial<Options> = {}): Options {
  return TypeBox.Default(schema, { endpoint, ...given }) as Options
}

export function stateDir(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'millrace-http-'))
}

export type Running = {
  readonly url: string
  readonly port: number
  readonly collector: Collector
  readonly connector: Connector
  /** What run() came to. */
  readonly end: Promise<void>
  abort(): void
  stop(): Promise<void>
}

export type Given = {
  readonly options?: Partial<Options>
  readonly tags?: readonly DeclaredTag[]
  readonly dir?: string
  readonly resume?: string
  readonly emit?: Emit
  readonly secure?: boolean
  readonly port?: number
}

/** A connector that listens on a free port of loopback, and runs. */
export async function start(given: Given = {}): Promise<Running> {
  const port = given.port ?? (await freePort())
  const url = `${given.secure ? 'https' : 'http'}://127.0.0.1:${port}/`
  const source = {
    name: 'under-test',
    options: optionsFor(url, given.options),
    tags: given.tags ?? declared,
    stateDir: given.dir ?? (await stateDir()),
    ...(given.resume !== undefined && { resume: given.resume }),
  }
  const collector = new Collector()
  const connector = http.open(source, collector.report)
  const abort = new AbortController()
  await connector.connect(abort.signal)
  const end = connector.run(given.emit ?? collector.emit, abort.signal)
  end.catch(() => {})
  const stop = async () => {
    abort.abort()
    await end.catch(() => {})
    await connector.close()
  }
  return { url, port, collector, connector, end, abort: () => abort.abort(), stop }
}

export type Told = { readonly status: number; readonly headers: Map<string, string>; readonly body: string }

/** What curl is answered; status 0 where it is not. */
export async function curl(url: string, args: readonly string[] = [], body?: string | Buffer): Promise<Told> {
  const data = body === undefined ? [] : ['--data-binary', '@-']
  const child = spawn('curl', ['-sS', '-i', '--max-time', '20', ...args, ...data, url], {
    stdio: ['pipe', 'pipe', 'ignore'],
  })
  child.stdin.on('error', () => {})
  child.stdin.end(body)
  const chunks: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk))
  await new Promise(resolve => child.once('close', resolve))
  return toldIn(Buffer.concat(chunks).toString())
}

/** The last of the answers in the text: `100 Continue` comes before it. */
function toldIn(text: string): Told {
  const answer = text.replace(/^(?:HTTP\/1.1 100.*\r\n(?:.+\r\n)*\r\n)+/, '')
  const [head = '', ...rest] = answer.split('\r\n\r\n')
  const body = rest.join('\r\n\r\n')
  const [first = '', ...lines] = head.split('\r\n')
  const headers = lines.map(
    line => [line.split(': ')[0]!.toLowerCase(), line.slice(line.indexOf(': ') + 2)] as const,
  )
  return { status: Number(first.split(' ')[1] ?? 0), headers: new Map(headers), body }
}

export const csv = ['-H', 'Content-Type: text/csv']
export const json = ['-H', 'Content-Type: application/json']
export const keyed = (key: string) => ['-H', `Idempotency-Key: ${key}`]

/** A record as people post it. */
export function record(value: unknown, t = Date.now() * 1000, tag = 'speed'): string {
  return JSON.stringify({ asset, tags: [tag], tag: [0], t: [t], value: [value] })
}
