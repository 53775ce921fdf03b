import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { stringify } from 'yaml'
import type { Path } from '../../config/problem.ts'
import { parseYaml } from '../../config/yaml.ts'

const parse = (text: string) => parseYaml('test.yaml', new TextEncoder().encode(text))

describe('places in a YAML text', () => {
  const leaf = fc.nat().map(n => `leaf-${n}`)
  const { tree } = fc.letrec(tie => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      leaf,
      fc.array(tie('tree'), { minLength: 1, maxLength: 3 }),
      fc.dictionary(fc.stringMatching(/^[a-z]{1,5}$/), tie('tree'), { minKeys: 1, maxKeys: 3 }),
    ),
  }))
  const style = fc.constantFrom('block', 'flow') as fc.Arbitrary<'block' | 'flow'>

  test('every value is found where it stands, in both styles', () => {
    fc.assert(
      fc.property(tree, style, (value, collectionStyle) => {
        const text = stringify(value, { collectionStyle, lineWidth: 0 })
        const file = parse(text)
        expect(file.problems).toEqual([])
        for (const { path, leaf } of leavesOf(value)) {
          const { line, column } = file.problem(path, '')
          expect(text.split('\n')[line - 1]?.slice(column - 1)).toMatch(new RegExp(`^${leaf}\\b`))
        }
      }),
    )
  })

  test('a key is found beside its value', () => {
    const file = parse('a:\n  b: 1\n')
    expect(file.problem(['a', 'b'], '')).toMatchObject({ line: 2, column: 6 })
    expect(file.problem(['a', 'b'], '', { at: 'key' })).toMatchObject({
      line: 2,
      column: 3,
      sourceLine: '  b: 1',
    })
  })

  test('what is not written there is told where it would stand', () => {
    const file = parse('a:\n  b: 1\n')
    expect(file.has(['a', 'b'])).toBe(true)
    expect(file.has(['a', 'c'])).toBe(false)
    expect(file.problem(['a', 'c'], '', { at: 'key' })).toMatchObject({ line: 1, column: 1, path: 'a.c' })
  })

  test('a place is found through an alias', () => {
    const file = parse('a: &a\n  b: 1\nc: *a\n')
    expect(file.value).toEqual({ a: { b: 1 }, c: { b: 1 } })
    expect(file.problem(['c', 'b'], '')).toMatchObject({ line: 2, column: 6 })
  })
})

describe('texts that are no plant file are told in bounded time', () => {
  const laughs = Array.from({ length: 30 }, (_, i) => `a${i}: &a${i} [${`*a${i - 1}, `.repeat(9)}]`).slice(1)
  test.each([
    ['deep nesting', '['.repeat(100_000), 'cannot be read as YAML'],
    [
      'aliases of aliases',
      ['a0: &a0 [x]', ...laughs].join('\n'),
      'cannot be read as YAML: Excessive alias count',
    ],
    ['an alias of itself', 'a: &a [*a]', '*a contains itself'],
    ['a list as key', '? [a]\n: b', 'a key must be text'],
    ['too many bytes', ' '.repeat(5 * 1024 * 1024), 'at most 4194304 are read'],
  ])('%s', (_, text, message) => {
    const { problems, value } = parse(text)
    expect(problems[0]?.message).toContain(message)
    expect(value).toBeUndefined()
  })

  test('many keys', () => {
    const text = Array.from({ length: 20_000 }, (_, i) => `k${i}: 1`).join('\n')
    expect(parse(text).problems).toEqual([])
  })
})

function leavesOf(value: unknown, path: Path = []): { path: Path; leaf: string }[] {
  if (typeof value === 'string') return [{ path, leaf: value }]
  const isList = Array.isArray(value)
  return Object.entries(value as object).flatMap(([key, child]) =>
    leavesOf(child, [...path, isList ? Number(key) : key]),
  )
}
