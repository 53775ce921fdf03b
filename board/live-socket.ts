import type { IncomingMessage, Server } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import { hostAllowed, originAllowed } from './http-guard.ts'
import type { PlantView } from './view.ts'

type Client = { socket: WebSocket; revision: number; sentAt: number; waitingSince: number | undefined }

const tickMs = 500
/** Without changes a message still goes out so often: a page that hears nothing for longer has lost the board. */
const heartbeatMs = 2_000
const slowClientMs = 30_000
const clientsAtMost = 256

/**
 * `/live`: a snapshot to every new client, then at most two messages a second with what has changed since its last one.
 * A client that has not taken its last message yet gets none; when it has, it gets the newest state. Nothing queues.
 */
export function serveLive(server: Server, view: PlantView, host: string): { close(): void } {
  const sockets = new WebSocketServer({ noServer: true, maxPayload: 1024, perMessageDeflate: false })
  const clients = new Set<Client>()
  server.on('upgrade', (request, stream, head) => {
    const refusal = refusalOf(request, host, clients.size)
    if (refusal) return refuse(stream, refusal)
    sockets.handleUpgrade(request, stream, head, socket => welcome(socket, clients, view))
  })
  const timer = setInterval(() => tick(clients, view), tickMs)
  return {
    close() {
      clearInterval(timer)
      for (const { socket } of clients) socket.terminate()
      sockets.close()
    },
  }
}

function refusalOf(request: IncomingMessage, host: string, clients: number): string | undefined {
  const path = request.url?.split('?')[0]
  if (path !== '/live') return '404 Not Found'
  if (!hostAllowed(request.headers.host, host)) return '421 Misdirected Request'
  if (!originAllowed(request)) return '403 Forbidden'
  if (clients >= clientsAtMost) return '503 Service Unavailable'
  return undefined
}

function refuse(stream: Duplex, status: string): void {
  stream.on('error', () => undefined)
  stream.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`)
}

function welcome(socket: WebSocket, clients: Set<Client>, view: PlantView): void {
  const now = Date.now()
  const snapshot = view.snapshot(now)
  const client: Client = { socket, revision: snapshot.revision, sentAt: now, waitingSince: undefined }
  clients.add(client)
  socket.on('close', () => clients.delete(client))
  socket.on('error', () => socket.terminate())
  socket.send(JSON.stringify(snapshot))
}

function tick(clients: Set<Client>, view: PlantView): void {
  if (clients.size === 0) return
  const now = Date.now()
  const texts = new Map<number, { text: string; revision: number }>()
  for (const client of clients) {
    if (isWaiting(client, now)) continue
    if (view.revision === client.revision && now - client.sentAt < heartbeatMs) continue
    const { text, revision } = texts.get(client.revision) ?? remember(texts, client.revision, view, now)
    client.socket.send(text)
    client.revision = revision
    client.sentAt = now
  }
}

/** Whether the client has not taken what it was sent; one that takes nothing for long is let go and may come again. */
function isWaiting(client: Client, now: number): boolean {
  if (client.socket.bufferedAmount === 0) {
    client.waitingSince = undefined
    return false
  }
  client.waitingSince ??= now
  if (now - client.waitingSince > slowClientMs) client.socket.terminate()
  return true
}

/** Clients at the same revision, nearly always all of them, share one text. */
function remember(
  texts: Map<number, { text: string; revision: number }>,
  since: number,
  view: PlantView,
  now: number,
) {
  const message = view.messageSince(since, now)
  const entry = { text: JSON.stringify(message), revision: message.revision }
  texts.set(since, entry)
  return entry
}
