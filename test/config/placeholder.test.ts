import { describe, expect, test } from 'vitest'
import { filled, referencesIn } from '../../config/placeholder.ts'

const values = new Map<string, string | number | boolean>([
  ['db', '101'],
  ['max', 120],
  ['on', true],
])

describe('placeholders', () => {
  test.each([
    ['DB${db},REAL4', 'DB101,REAL4'],
    ['DB${db},REAL${ db + 4 }', 'DB101,REAL105'],
    ['${db-1}', '100'],
    ['${max}', 120],
    ['${max+1}', 121],
    ['up to ${max}', 'up to 120'],
    ['${on}', true],
    ['$${db} ${db}', '${db} 101'],
    ['$${db}', '${db}'],
    ['$db {db}', '$db {db}'],
  ])('%s becomes %j', (text, expected) => expect(filled(text, values)).toBe(expected))

  test('are filled in at any depth, and never in keys', () => {
    expect(filled({ '${db}': [{ range: [0, '${max}'] }, null, 3] }, values)).toEqual({
      '${db}': [{ range: [0, 120] }, null, 3],
    })
  })

  test('are found, and what is not understood with them', () => {
    expect(referencesIn('${a} ${b+2} $${c} ${D} ${}')).toEqual([
      { name: 'a', computes: false },
      { name: 'b', computes: true },
      undefined,
      undefined,
    ])
  })
})
