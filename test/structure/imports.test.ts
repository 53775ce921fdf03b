import { describe, expect, test } from 'vitest'
import { importsByComputedName, specifiersIn } from './imports.ts'

describe('imports are found in every form', () => {
  const forms: readonly [string, string][] = [
    ['a name', `import { a } from './x.ts'`],
    ['several lines', `import {\n  a,\n  b,\n} from\n  "./x.ts"`],
    ['types', `import type { A } from './x.ts'`],
    ['an inline type', `import { type A } from './x.ts'`],
    ['a namespace', `import * as a from './x.ts'`],
    ['for its effects', `import './x.ts'`],
    ['without a space', `import{a}from'./x.ts'`],
    ['export', `export * from './x.ts'`],
    ['export of types', `export type { A } from './x.ts'`],
    ['dynamic', `const a = await import('./x.ts')`],
    ['dynamic with a comment', `import(/* later */ './x.ts')`],
    ['dynamic in a template', 'import(`./x.ts`)'],
    ['in a type', `type A = import('./x.ts').A`],
    ['typeof', `type A = typeof import("./x.ts")`],
    ['with a comment among the names', `import {\n  a, // it's a; "name"\n  /* b's */ b,\n} from './x.ts'`],
    ['require', `const a = require('./x.ts')`],
    ['after a confusing string', `const q = "it's // "; import { a } from './x.ts'`],
    ['after a confusing regular expression', `const q = /['"]/\nimport { a } from './x.ts'`],
  ]
  test.each(forms)('%s', (_, text) => {
    expect(specifiersIn(text)).toEqual(['./x.ts'])
  })

  test('a string that begins with a statement is none', () => {
    expect(specifiersIn(`const sample = "import { a } from './x.ts'"`)).toEqual([])
  })

  test('none is found twice or passed over among others', () => {
    const text = `import a from './a.ts'\nexport function b() { return a / 2 }\nexport { c } from './c.ts'\nimport './d.ts'`
    expect(specifiersIn(text).sort()).toEqual(['./a.ts', './c.ts', './d.ts'])
  })

  test('an asserted module', () => {
    expect(specifiersIn(`import a from './x.json' with { type: 'json' }`)).toEqual(['./x.json'])
  })

  test('computed names are told', () => {
    expect(importsByComputedName('await import(name)')).toBe(true)
    expect(importsByComputedName(['await import(`./$', '{name}.ts`)'].join(''))).toBe(true)
    expect(importsByComputedName(`await import('./x.ts')`)).toBe(false)
  })
})
