import fc from 'fast-check'
import { expect, test } from 'vitest'
import { delimiterOf, readCsv } from '../../model/csv.ts'
import { MillraceError } from '../../model/index.ts'

test('cells, their lines and columns, whatever parts them', () => {
  const csv = readCsv('\uFEFFa;"b;c";d\r\n\r\n1;"x ""y""";3\r\n2\r\n')
  expect(csv.header.cells).toEqual(['a', 'b;c', 'd'])
  expect(csv.rows.map(({ line, cells }) => [line, ...cells])).toEqual([
    [3, '1', 'x "y"', '3'],
    [4, '2'],
  ])
  expect(csv.columnOf(csv.header, 2)).toBe(9)
  expect(csv.columnOf(csv.rows[0]!, 2)).toBe(13)
  expect(csv.textOf(csv.rows[1]!)).toBe('2')
})

test.each([
  ['a,b;c,d', ','],
  ['a;b;"c,d,e,f"', ';'],
  ['a\tb\tc', '\t'],
  ['alone', ','],
])('%j is parted by %j', (line, delimiter) => expect(delimiterOf(line)).toBe(delimiter))

test('what cannot be read is told with its line', () => {
  expect(() => readCsv('a,b\n1,"x\n2,3')).toThrow(/line \d+ cannot be read as CSV/)
})

test('any text is read or refused with a code', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...',;\t"\n\r ab\uFEFF') }), text => {
      try {
        const csv = readCsv(text)
        for (const row of csv.rows) expect(csv.columnOf(row, row.cells.length)).toBeGreaterThan(0)
      } catch (error) {
        expect(error).toBeInstanceOf(MillraceError)
      }
    }),
  )
})
