import type { IncomingMessage } from 'node:http'
import type { NextFunction, Request, Response } from 'express'
import { isLoopback } from '../model/index.ts'

/** Nothing but this server's own files may run, and nothing from elsewhere is loaded (CSP level 3). */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self'",
  "connect-src 'self'",
  "manifest-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "require-trusted-types-for 'script'",
].join('; ')

export function securityHeaders(_request: Request, response: Response, next: NextFunction): void {
  response.set({
    'Content-Security-Policy': contentSecurityPolicy,
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': 'camera=(), geolocation=(), microphone=()',
  })
  next()
}

/**
 * A page of another site can make a browser ask a loopback address under that site's own name (DNS rebinding). Such a
 * request carries the foreign name as its Host: on loopback only loopback names are answered.
 */
export function hostAllowed(host: string | undefined, boundTo: string): boolean {
  if (!isLoopback(boundTo)) return true
  return host !== undefined && isLoopback(hostname(host))
}

/** WebSockets are not bound by the same-origin policy: the page that opens one must be ours. Programs send no Origin. */
export function originAllowed(request: IncomingMessage): boolean {
  const { origin, host } = request.headers
  if (origin === undefined) return true
  return URL.canParse(origin) && new URL(origin).host === host
}

/** Of `host` or `host:port` (RFC 9110, 7.2); empty for anything else. */
function hostname(host: string): string {
  const [, ipv6, name] = /^(?:\[([0-9a-f:]+)\]|([a-z0-9.-]+))(?::\d+)?$/i.exec(host) ?? []
  return (ipv6 ?? name ?? '').toLowerCase()
}
