import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import { driftedFiles, generatedFiles, idOf, recordSchemas, withTables } from '../../scripts/generate.ts'
import { projectRoot } from './sources.ts'

const samplesDir = join(projectRoot, 'docs/schemas/samples')
const samples = readdirSync(samplesDir)
const read = (name: string): object => JSON.parse(readFileSync(join(samplesDir, name), 'utf8'))

describe('generated files', () => {
  test('are what would be generated', () => {
    expect(generatedFiles().size).toBeGreaterThan(recordSchemas.length)
    expect(driftedFiles()).toEqual([])
  })

  test('keep what stands around a table', () => {
    const page = 'before\n<!-- generated: options -->\nold\n<!-- /generated -->\nafter\n'
    const filled = 'before\n<!-- generated: options -->\nnew\n<!-- /generated -->\nafter\n'
    expect(withTables(page, { options: 'new' })).toBe(filled)
  })
})

describe('records once released', () => {
  test('are kept, one of every schema', () => {
    expect(samples).toEqual(recordSchemas.map(schema => `${idOf(schema)}.json`).sort())
  })

  test.each(recordSchemas.map(schema => [idOf(schema), schema] as const))(
    '%s is still read',
    (id, schema) => {
      const sample = read(`${id}.json`)
      const valid = new Ajv().compile(schema)
      expect(valid(sample), JSON.stringify(valid.errors)).toBe(true)
      expect(valid({ ...sample, addedLater: 1 }), 'with a field that is not known').toBe(true)
      for (const key of schema.required) {
        expect(valid({ ...sample, [key]: undefined }), `without ${key}`).toBe(false)
      }
    },
  )

  test.each(recordSchemas.map(schema => [idOf(schema), schema] as const))(
    '%s has a sample of every field',
    (id, schema) => {
      expect(Object.keys(schema.properties).filter(key => !(key in read(`${id}.json`)))).toEqual([])
    },
  )
})
