import { coded, MillraceError } from '../../model/index.ts'
import { parseAddress } from './address.ts'

const queryKeys = ['rack', 'slot'] as const
const form = 's7://10.0.0.5/DB1,REAL4, or with port, rack and slot s7://10.0.0.5:102/DB1,REAL4?rack=0&slot=2'

/**
 * The source options and the tag address in one URL: `s7://10.0.0.5:102/DB1,REAL4?rack=0&slot=2`.
 * @throws MillraceError `bad-address` with the form that is understood
 */
export function locate(url: string): {
  readonly options: Record<string, unknown>
  readonly address: Record<string, unknown>
} {
  const match = /^(s7:\/\/(?:\[[0-9a-f:.]+\]|[^/:?#\s[\]]+)(?::\d{1,5})?)\/([^?#]+)(?:\?([^#]*))?$/i.exec(url)
  if (!match) throw bad(`${url} is not the address of a tag of an S7 controller`)
  const [, endpoint = '', path = '', query = ''] = match
  const address = decoded(path, url)
  try {
    parseAddress(address)
  } catch (thrown) {
    const { message, hint } = coded(thrown, 'bad-address', address)
    throw new MillraceError('bad-address', message, { ...(hint && { hint }) })
  }
  return {
    options: { endpoint: endpoint.replace(/^s7/i, 's7'), ...queryOptions(query, url) },
    address: { address },
  }
}

function decoded(text: string, url: string): string {
  try {
    return decodeURIComponent(text)
  } catch (cause) {
    throw bad(`${url} has a percent sign that is no escape`, cause)
  }
}

function queryOptions(query: string, url: string): Record<string, number> {
  const options: Record<string, number> = {}
  for (const [key, value] of new URLSearchParams(query)) {
    const known = queryKeys.find(name => name === key)
    if (!known || !/^\d{1,2}$/.test(value)) throw bad(`${url}: "${key}=${value}" is not understood`)
    options[known] = Number(value)
  }
  return options
}

function bad(what: string, cause?: unknown): MillraceError {
  return new MillraceError('bad-address', what, {
    hint: `Write it like ${form}`,
    ...(cause !== undefined && { cause }),
  })
}
