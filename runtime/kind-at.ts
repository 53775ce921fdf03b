import type { ConnectorKind } from '../connectors/contract.ts'
import { connectors } from '../connectors/index.ts'
import { MillraceError } from '../model/index.ts'
import { nearest } from '../model/nearest.ts'

type Kinds = Readonly<Record<string, ConnectorKind>>

/** The connector whose endpoints begin like this. @throws MillraceError `bad-address` naming the schemes there are */
export function kindAt(url: string, kinds: Kinds = connectors): ConnectorKind {
  const scheme = url.split(':', 1)[0]!
  const kind = Object.values(kinds).find(({ schemes }) => schemes.includes(scheme))
  if (kind) return kind
  const schemes = Object.values(kinds).flatMap(({ schemes }) => schemes)
  const near = nearest(scheme, schemes)
  throw new MillraceError('bad-address', `no connector speaks "${scheme}"`, {
    hint: near ? `Did you mean ${near}://?` : `There are ${schemes.map(known => `${known}://`).join(', ')}`,
  })
}
