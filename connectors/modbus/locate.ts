import { MillraceError } from '../../model/index.ts'
import { parseAddress } from './address.ts'

const form = /^(modbus:\/\/[^/?\s]+)\/([^?\s]+?)(\?unit=\d{1,3})?$/

/**
 * What `modbus://host/holding/0:float32` or `modbus://host:1502/40001?unit=7` names.
 * @throws MillraceError `bad-address`
 */
export function locate(url: string): {
  options: Record<string, unknown>
  address: Record<string, unknown>
} {
  const [, host, address, unit = ''] = form.exec(url) ?? []
  if (host === undefined || address === undefined) {
    throw new MillraceError('bad-address', `"${url}" names no register`, {
      hint: 'Write modbus://host/holding/0:float32 or modbus://host:1502/40001?unit=7',
    })
  }
  try {
    parseAddress(address)
  } catch (thrown) {
    const { message, hint } = thrown as MillraceError
    throw new MillraceError('bad-address', message, { cause: thrown, ...(hint !== undefined && { hint }) })
  }
  return { options: { endpoint: `${host}${unit}` }, address: { address } }
}
