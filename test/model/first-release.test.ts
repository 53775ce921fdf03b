import { Ajv } from 'ajv'
import { describe, expect, test } from 'vitest'
import {
  firstSchema,
  onePartition,
  published,
  publishedIds,
  schemasByTopic,
  todaysRecords,
} from '../todays-records.ts'

type Schema = {
  readonly properties: Readonly<Record<string, { readonly type?: string }>>
  readonly required: readonly string[]
}

const records = todaysRecords(await onePartition())
const ofSchema = (id: string) => {
  const topics = [...schemasByTopic()].filter(([, ids]) => ids.includes(id) && ids.length === 1)
  return records.filter(({ topic }) => topics.some(([name]) => name === topic))
}
/** `ledger` has entries of several kinds; the rest are of schemas whose records nobody makes without a plant. */
const madeHere = publishedIds.filter(id => ofSchema(id).length > 0)

describe('a reader written against the first released schema', () => {
  test('finds records of what a machine gives', () => {
    expect(madeHere).toEqual(
      expect.arrayContaining(['telemetry-v1', 'aggregate-v1', 'signal-v1', 'alarm-v1', 'activation-v1']),
    )
  })

  test.each(madeHere)("reads today's records of %s", id => {
    const valid = new Ajv().compile(firstSchema(id))
    for (const { value } of ofSchema(id)) {
      expect(valid(JSON.parse(String(value))), JSON.stringify(valid.errors)).toBe(true)
    }
  })

  test("reads today's ledger entry", () => {
    const valid = new Ajv().compile(firstSchema('ledger-v1'))
    const entry = records.find(({ topic }) => topic === 'ledger')!
    expect(valid(JSON.parse(String(entry.value))), JSON.stringify(valid.errors)).toBe(true)
  })

  test.each(publishedIds)(
    'finds every field of %s where it was, of the same type, and no less required',
    id => {
      const [first, today] = [firstSchema(id), published(id)] as [Schema, Schema]
      for (const [name, { type }] of Object.entries(first.properties)) {
        expect(today.properties, name).toHaveProperty([name])
        if (type) expect(today.properties[name]!.type, name).toBe(type)
      }
      expect(today.required).toEqual(expect.arrayContaining([...first.required]))
    },
  )
})
