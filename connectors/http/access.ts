import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { TLSSocket } from 'node:tls'
import { coded, isLoopback, MillraceError } from '../../model/index.ts'
import { type Answer, comeAgain, refusal } from './answer.ts'
import type { Options } from './options.ts'

/** Who may post. */
export type Access = {
  /** The client's name, or why it is not let in. */
  admit(request: IncomingMessage): Promise<string | Answer>
}

type Token = { readonly client: string; readonly digest: Buffer }

const leastCharacters = 20
/** How often the file of tokens is looked at for changes. */
const lookEveryMs = 1000

/** @throws MillraceError `config-invalid` where the file of tokens is missing, open to others, or wrong */
export async function openAccess(options: Options): Promise<Access> {
  const { tokensFile, clientCaFile } = options
  if (tokensFile === undefined && clientCaFile === undefined)
    return { admit: async request => neighbour(request) }
  const tokens = tokensFile === undefined ? undefined : await TokenFile.open(tokensFile)
  return {
    async admit(request) {
      const byCertificate = clientCaFile === undefined ? undefined : certified(request)
      if (byCertificate !== undefined) return byCertificate
      const shown = /^Bearer +(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
      if (tokens === undefined || shown === undefined) return unauthorised(options)
      try {
        return (await tokens.clientOf(shown)) ?? unauthorised(options)
      } catch {
        return comeAgain(503, 'stopping', 'the file of tokens cannot be read', 10, "See the service's log")
      }
    },
  }
}

/**
 * Nothing is asked for on loopback. A page of another site can make a browser ask a loopback address under that site's
 * own name (DNS rebinding): such a request carries the foreign name as its Host.
 */
function neighbour({ headers }: IncomingMessage): string | Answer {
  const [, ipv6, name] = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+))(?::\d+)?$/i.exec(headers.host ?? '') ?? []
  if (isLoopback((ipv6 ?? name ?? '').toLowerCase())) return 'loopback'
  return refusal(403, 'unauthorised', 'only loopback names are answered', 'Ask for 127.0.0.1 or localhost')
}

function certified({ socket }: IncomingMessage): string | undefined {
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined
  const name = socket.getPeerCertificate().subject?.CN
  return typeof name === 'string' && name !== '' ? `certificate ${name}` : undefined
}

function unauthorised({ tokensFile, clientCaFile }: Options): Answer {
  const ways = [
    tokensFile !== undefined &&
      'send the header "Authorization: Bearer TOKEN" with a token of the tokensFile',
    clientCaFile !== undefined && 'show a client certificate of an authority in the clientCaFile',
  ].filter(way => way !== false)
  const headers = { 'WWW-Authenticate': 'Bearer realm="millrace"' }
  return refusal(401, 'unauthorised', 'who are you?', sentence(ways.join(', or ')), { headers })
}

const sentence = (text: string) => text.charAt(0).toUpperCase() + text.slice(1)
const digestOf = (token: string) => createHash('sha256').update(token).digest()

class TokenFile {
  readonly #path: string
  #tokens: readonly Token[] = []
  #version = ''
  #lookedAt = 0

  static async open(path: string): Promise<TokenFile> {
    const file = new TokenFile(path)
    await file.#look()
    return file
  }

  private constructor(path: string) {
    this.#path = path
  }

  /** Compares with every token, in a time that does not depend on which it is or how far one agrees. */
  async clientOf(shown: string): Promise<string | undefined> {
    if (performance.now() - this.#lookedAt > lookEveryMs) await this.#look()
    const digest = digestOf(shown)
    let found: string | undefined
    for (const token of this.#tokens) if (timingSafeEqual(token.digest, digest)) found = token.client
    return found
  }

  async #look(): Promise<void> {
    try {
      const { mtimeMs, size, ino, mode } = await stat(this.#path)
      const version = `${mtimeMs} ${size} ${ino} ${mode}`
      if (version !== this.#version) {
        if ((mode & 0o077) !== 0) throw openToOthers(this.#path)
        this.#tokens = tokensIn(this.#path, await readFile(this.#path, 'utf8'))
        this.#version = version
      }
      this.#lookedAt = performance.now()
    } catch (thrown) {
      throw coded(thrown, 'config-invalid', `the tokensFile ${this.#path} cannot be read`, {
        hint: 'Make it readable to the service, and to nobody else',
      })
    }
  }
}

function openToOthers(path: string): MillraceError {
  return new MillraceError('config-invalid', `${path} can be read by others`, {
    hint: `Run: chmod 600 ${path}`,
  })
}

/** @throws MillraceError `config-invalid` */
export function tokensIn(path: string, text: string): Token[] {
  const tokens = text.split('\n').flatMap((written, i) => {
    const line = written.trim()
    if (line === '' || line.startsWith('#')) return []
    const [client = '', token = '', ...more] = line.split(/\s+/)
    if (more.length > 0 || token.length < leastCharacters) {
      throw new MillraceError('config-invalid', `${path}:${i + 1} is not a name and a token`, {
        hint: `Write the client's name, a blank, and a token of ${leastCharacters} characters or more: openssl rand -hex 24`,
      })
    }
    return [{ client, digest: digestOf(token) }]
  })
  if (tokens.length > 0) return tokens
  throw new MillraceError('config-invalid', `${path} holds no token`, { hint: 'Write a line: name token' })
}
