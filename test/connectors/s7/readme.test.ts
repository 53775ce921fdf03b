import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { parseAddress } from '../../../connectors/s7/address.ts'
import { driftedFiles } from '../../../scripts/generate.ts'

const readme = readFileSync(new URL('../../../connectors/s7/README.md', import.meta.url), 'utf8')

test('the tables in the README are those of the schemas', () => {
  expect(readme).toContain('<!-- generated: options -->')
  expect(driftedFiles()).not.toContain('connectors/s7/README.md')
})

test('every address in its examples can be read', () => {
  const addresses = Array.from(
    readme.matchAll(/address: "([^"]+)"|`((?:DB\d+,|MW|PIW)[^`]+)`/g),
    ([, a, b]) => a ?? b!,
  )
  expect(addresses.length).toBeGreaterThan(20)
  for (const address of addresses) expect(() => parseAddress(address), address).not.toThrow()
})
