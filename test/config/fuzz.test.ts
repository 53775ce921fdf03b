import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { type CheckResult, checkFolder } from '../../config/load.ts'
import { renderProblems } from '../../config/render.ts'

const good = join(import.meta.dirname, 'cases/good/plant')
const names = ['plant.yaml', 'machines/press.yaml'] as const
const texts = names.map(name => readFileSync(join(good, name), 'utf8'))
const encode = (text: string) => new TextEncoder().encode(text)

/** Whatever stands in the files, the check answers in bounded time, with a plant or with problems that have a place. */
function answer(files: readonly Uint8Array[]): CheckResult {
  const started = process.threadCpuUsage()
  const result = checkFolder({
    dir: '/plant',
    files: new Map(names.map((name, i) => [name, files[i]!])),
    problems: [],
  })
  expect(result.plant === undefined).toBe(result.problems.length > 0)
  for (const { file, line, column, message } of result.problems) {
    expect(names).toContain(file)
    expect(message).not.toBe('')
    expect(line).toBeGreaterThan(0)
    expect(column).toBeGreaterThan(0)
  }
  expect(renderProblems('/plant', result.problems, '/')).toBeTypeOf('string')
  const { user, system } = process.threadCpuUsage(started)
  expect((user + system) / 1000, 'ms of processor time').toBeLessThan(3000)
  return result
}

function withFile(which: number, bytes: Uint8Array): Uint8Array[] {
  return texts.map((text, i) => (i === which ? bytes : encode(text)))
}

const which = fc.nat({ max: 1 })

describe('the check never fails', () => {
  test('the unchanged plant is good, so that what follows is about changes', () => {
    expect(answer(texts.map(encode)).problems).toEqual([])
  })

  test('on any bytes', () => {
    fc.assert(
      fc.property(which, fc.uint8Array({ maxLength: 500 }), (i, bytes) => void answer(withFile(i, bytes))),
    )
  })

  test('on any text made of what YAML is made of', () => {
    const token = fc.constantFrom(
      ...[
        '\n',
        '  ',
        '- ',
        ': ',
        '? ',
        '{',
        '}',
        '[',
        ']',
        ',',
        '&a ',
        '*a',
        '!!str ',
        '!x ',
        '|',
        '>',
        '"',
        "'",
        '#',
      ],
      ...[
        '---\n',
        '...\n',
        '%YAML 1.2\n',
        '<<: ',
        'a',
        '1',
        '~',
        '.nan',
        '.inf',
        '__proto__',
        '\t',
        '\u{1F525}',
        '\uFEFF',
      ],
      ...[
        'plant',
        'servers',
        'source',
        'connector',
        'opcua',
        'options',
        'assets',
        'tags',
        'signals',
        'processor',
        'limits',
      ],
    )
    const text = fc.array(token, { maxLength: 60 }).map(tokens => tokens.join(''))
    fc.assert(
      fc.property(which, text, (i, made) => void answer(withFile(i, encode(made)))),
      { numRuns: 200 },
    )
  })

  test('on a plant with a piece cut out, doubled or moved', () => {
    const cut = fc.tuple(fc.nat({ max: 1200 }), fc.nat({ max: 40 }), fc.nat({ max: 1200 }), fc.boolean())
    fc.assert(
      fc.property(which, cut, (i, [from, length, to, keep]) => {
        const text = texts[i]!
        const piece = text.slice(from, from + length)
        const rest = keep ? text : text.slice(0, from) + text.slice(from + length)
        answer(withFile(i, encode(rest.slice(0, to) + piece + rest.slice(to))))
      }),
      { numRuns: 200 },
    )
  })

  test('on a plant with any value in place of any other', () => {
    const value = fc.oneof(
      fc.json().map(text => JSON.parse(text)),
      fc.constantFrom(Number.MAX_VALUE, -1, 0, '', null, [], {}, [null]),
    )
    fc.assert(
      fc.property(which, fc.nat(), value, (i, place, replacement) => {
        const tree: unknown = parse(texts[i]!)
        const slots = slotsOf(tree)
        const { holder, key } = slots[place % slots.length]!
        holder[key] = replacement
        answer(withFile(i, encode(JSON.stringify(tree))))
      }),
      { numRuns: 300 },
    )
  })

  test('on very many mistakes', () => {
    const keys = Array.from({ length: 20_000 }, (_, i) => `key${i}: 1`).join('\n')
    const { problems } = answer(withFile(0, encode(keys)))
    expect(problems.at(-1)?.message ?? '').not.toBe('')
    expect(problems.some(({ message }) => /^has \d+ more mistakes$/.test(message))).toBe(true)
  })
})

type Slot = { holder: Record<string, unknown>; key: string }

function slotsOf(value: unknown): Slot[] {
  if (typeof value !== 'object' || value === null) return []
  const holder = value as Record<string, unknown>
  return Object.keys(holder).flatMap(key => [{ holder, key }, ...slotsOf(holder[key])])
}

describe('templates and tables', () => {
  const dir = join(import.meta.dirname, 'cases/good-templates/plant')
  const all = ['plant.yaml', 'machines/presses.yaml', 'templates/press.yaml', 'tables/presses.csv']
  const good = new Map(all.map(name => [name, new Uint8Array(readFileSync(join(dir, name)))]))
  const checked = (name: string, bytes: Uint8Array) => {
    const result = checkFolder({ dir, files: new Map([...good, [name, bytes]]), problems: [] })
    expect(result.plant === undefined).toBe(result.problems.length > 0)
    for (const { file } of result.problems) expect(all).toContain(file)
    return result
  }
  const changed = fc.constantFrom(...all.slice(1))

  test('are never what the check fails on, whatever bytes they are', () => {
    fc.assert(
      fc.property(changed, fc.uint8Array({ maxLength: 300 }), (name, bytes) => void checked(name, bytes)),
    )
  })

  test('nor with any part cut out or doubled', () => {
    fc.assert(
      fc.property(changed, fc.nat(), fc.nat(), fc.boolean(), (name, a, b, doubled) => {
        const text = Buffer.from(good.get(name)!).toString()
        const [from, to] = [a % text.length, b % text.length].toSorted((x, y) => x - y) as [number, number]
        const part = doubled ? text.slice(from, to) : ''
        checked(name, encode(text.slice(0, from) + part + (doubled ? text.slice(from) : text.slice(to))))
      }),
    )
  })

  test('a table that would make far too much is refused at once', () => {
    const rows = Array.from({ length: 20_000 }, (_, i) => `graz/a/b/p${i};${i};1;;`)
    const { problems } = checked(
      'tables/presses.csv',
      encode(`id;number;db;maxTemperature;description\n${rows.join('\n')}`),
    )
    expect(problems.map(({ message }) => message)).toEqual([
      'would make 60000 tags and signals; at most 50000 are made',
    ])
  })
})
