import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAddress } from '../../../connectors/modbus/address.ts'

const readme = readFileSync(new URL('../../../connectors/modbus/README.md', import.meta.url), 'utf8')

test('every address in the README can be read', () => {
  const written = readme.matchAll(
    /`((?:coil|discrete|input|holding)\/\d[^`]*|[0134]\d{4,5}(?::\w+)?)`|address: "([^"]+)"/g,
  )
  const addresses = Array.from(written, ([, a, b]) => a ?? b!)
  expect(addresses.length).toBeGreaterThan(15)
  for (const address of addresses) expect(() => parseAddress(address), address).not.toThrow()
})
