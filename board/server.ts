import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { fileURLToPath } from 'node:url'
import express, { type Express, type NextFunction, type Request, type Response } from 'express'
import { MillraceError } from '../model/index.ts'
import { hostAllowed, securityHeaders } from './http-guard.ts'
import { serveLive } from './live-socket.ts'
import type { PlantView } from './view.ts'

export type BoardOptions = {
  readonly view: PlantView
  /** Address to listen on; on a loopback address only requests for loopback names are answered. */
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
}

export type Board = { readonly url: string; close(): Promise<void> }

const pageFolder = fileURLToPath(new URL('./page', import.meta.url))
const chartFiles = {
  '/vendor/uplot.js': fileURLToPath(import.meta.resolve('uplot/dist/uPlot.esm.js')),
  '/vendor/uplot.css': fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css')),
}

/**
 * Serves the page and its data; nothing can be written through it.
 *
 *   GET /                                     the page
 *   GET /api/status                           PlantStatus
 *   GET /api/assets/<id, encoded>/history     AssetHistory; `?after=<s UTC>` for what is newer only
 *   WS  /live                                 Snapshot, then Changes
 *
 * @throws MillraceError `port-taken`, or `refused` when the address cannot be listened on
 */
export async function startBoard({ view, host, port }: BoardOptions): Promise<Board> {
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 10_000 }, routes(view, host))
  await listen(server, host, port)
  const live = serveLive(server, view, host)
  const name = host.includes(':') ? `[${host}]` : host
  const url = `http://${name}:${(server.address() as AddressInfo).port}`
  view.boardUrl = url
  return {
    url,
    async close() {
      live.close()
      const { promise, resolve } = Promise.withResolvers<void>()
      server.close(() => resolve())
      server.closeAllConnections()
      await promise
    },
  }
}

function routes(view: PlantView, host: string): Express {
  const app = express()
  app.disable('x-powered-by')
  app.use(securityHeaders, onlyOurName(host), onlyReading)
  app.get('/api/status', (_request, response) => {
    response.set('Cache-Control', 'no-store').json(view.status(Date.now()))
  })
  app.get('/api/assets/:id/history', (request, response) => {
    const after = Number(request.query.after ?? 0)
    const history = view.history(request.params.id, Number.isFinite(after) ? after : 0, Date.now())
    if (!history) return void response.status(404).json({ error: `No asset "${request.params.id}"` })
    response.set('Cache-Control', 'no-store').json(history)
  })
  for (const [path, file] of Object.entries(chartFiles)) {
    app.get(path, (_request, response) => response.sendFile(file, { dotfiles: 'allow' }))
  }
  app.use(express.static(pageFolder, { cacheControl: false, dotfiles: 'ignore' }))
  app.use((_request, response) => void response.status(404).type('text').send('Not found'))
  app.use(answerError)
  return app
}

function onlyOurName(host: string) {
  return (request: Request, response: Response, next: NextFunction): void => {
    if (hostAllowed(request.headers.host, host)) next()
    else response.status(421).type('text').send('This board answers to its loopback address only')
  }
}

function onlyReading(request: Request, response: Response, next: NextFunction): void {
  if (request.method === 'GET' || request.method === 'HEAD') next()
  else response.status(405).set('Allow', 'GET, HEAD').type('text').send('The board only reads')
}

/** Express takes a handler of four arguments for errors. Those with a status below 500 (a bad escape) are the asker's. */
function answerError(error: unknown, _request: Request, response: Response, next: NextFunction): void {
  const status = (error as { status?: number } | undefined)?.status ?? 500
  if (response.headersSent) next(error)
  else if (status < 500) response.status(status).type('text').send('Bad request')
  else response.status(500).type('text').send('Internal error')
}

async function listen(server: Server, host: string, port: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.once('error', reject)
  server.listen(port, host, resolve)
  try {
    await promise
  } catch (cause) {
    const taken = (cause as NodeJS.ErrnoException).code === 'EADDRINUSE'
    throw new MillraceError(taken ? 'port-taken' : 'refused', `The board cannot listen on ${host}:${port}`, {
      cause,
      hint: taken ? 'Another process listens there: stop it or give another port' : 'Check the address',
    })
  } finally {
    server.off('error', reject)
  }
}
