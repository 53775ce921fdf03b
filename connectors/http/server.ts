import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { Duplex } from 'node:stream'
import { coded, MillraceError } from '../../model/index.ts'
import { type Answer, type RefusalCode, refusal, send } from './answer.ts'
import { listeningOn, type Options } from './options.ts'

export type Listener = {
  /** Stops listening; resolves once every request that is under way has its answer. */
  close(): Promise<void>
}

/** Connections open at a time, of all clients together. */
const mostConnections = 256
const handshakeTimeoutMs = 10_000

/**
 * Listens, and answers every request with what `answer` makes of it.
 * Rejects with `port-taken` or `refused` (transient), or `config-invalid` where certificates cannot be read.
 */
export async function listen(
  options: Options,
  answer: (request: IncomingMessage) => Promise<Answer>,
): Promise<Listener> {
  const server = await serverOf(options)
  const underWay = new Set<Promise<void>>()
  let isClosing = false
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const serving = serve(request, response, answer, () => isClosing).finally(() => underWay.delete(serving))
    underWay.add(serving)
  })
  server.on('clientError', refuseBroken)
  server.maxConnections = mostConnections
  await bound(server, options)
  return {
    async close() {
      if (isClosing) return
      isClosing = true
      const closed = new Promise<void>(resolve => server.close(() => resolve()))
      server.closeIdleConnections()
      await Promise.all(underWay)
      server.closeAllConnections()
      await closed
    },
  }
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  answer: (request: IncomingMessage) => Promise<Answer>,
  isClosing: () => boolean,
): Promise<void> {
  request.on('error', () => {})
  response.on('error', () => {})
  const told = await answer(request).catch(defect)
  await send(response, told, isClosing())
}

function defect(thrown: unknown): Answer {
  const { message } = coded(thrown, 'internal', 'a defect')
  return refusal(500, 'internal', message, 'This is a defect of Millrace: please report it')
}

async function serverOf(options: Options): Promise<Server> {
  const { endpoint, requestTimeoutMs } = options
  const timing = {
    requestTimeout: requestTimeoutMs,
    headersTimeout: requestTimeoutMs,
    connectionsCheckingInterval: Math.min(1000, requestTimeoutMs / 2),
  }
  if (!listeningOn(endpoint).secure) return createServer(timing)
  const { certificateFile = '', privateKeyFile = '', clientCaFile } = options
  const [cert, key, ca] = await Promise.all([
    pem(certificateFile),
    pem(privateKeyFile),
    clientCaFile && pem(clientCaFile),
  ])
  try {
    return createSecureServer({
      ...timing,
      cert,
      key,
      handshakeTimeout: handshakeTimeoutMs,
      // Whoever shows no certificate is told what is missing, in place of a broken handshake.
      ...(ca && { ca, requestCert: true, rejectUnauthorized: false }),
    })
  } catch (thrown) {
    throw coded(thrown, 'config-invalid', `${certificateFile} and ${privateKeyFile} are no pair`, {
      hint: 'Both are PEM; the key is that of the first certificate',
    })
  }
}

async function pem(path: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw coded(thrown, 'config-invalid', 'a certificate cannot be read', { hint: `Check ${path}` })
  }
}

function bound(server: Server, { endpoint }: Options): Promise<void> {
  const { host, port } = listeningOn(endpoint)
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const isTaken = error.code === 'EADDRINUSE'
      reject(
        new MillraceError(
          isTaken ? 'port-taken' : 'refused',
          `cannot listen on ${endpoint}: ${error.message}`,
          {
            transient: true,
            cause: error,
            hint: isTaken
              ? 'Another program listens there: end it, or choose another port'
              : 'Check that the address is one of this server, and that the service may use the port',
          },
        ),
      )
    })
    server.listen(port, host, resolve)
  })
}

/** What is not even HTTP, or does not arrive in time. */
function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const isLate = error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
  const [status, code, message]: [string, RefusalCode, string] = isLate
    ? ['408 Request Timeout', 'timeout', 'the request did not arrive in time']
    : ['400 Bad Request', 'bad-request', 'this is not HTTP']
  const { body } = refusal(
    isLate ? 408 : 400,
    code,
    message,
    isLate ? 'Post it again' : 'GET / tells how to post',
  )
  const text = `${JSON.stringify(body)}\n`
  socket.end(
    `HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  )
}
