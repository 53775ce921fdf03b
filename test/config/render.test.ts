import { describe, expect, test } from 'vitest'
import { renderProblems } from '../../config/render.ts'

const problem = { file: 'plant.yaml', line: 12, column: 3, path: 'a.b', message: 'is wrong' }

describe('a problem for the terminal', () => {
  test('names the file from the working directory', () => {
    expect(renderProblems('/plants/demo', [problem], '/plants')).toBe('demo/plant.yaml:12:3: is wrong (a.b)')
  })

  test('without a place has no line', () => {
    const missing = { file: 'plant.yaml', line: 0, column: 0, path: '', message: 'does not exist' }
    expect(renderProblems('/plants', [missing], '/plants')).toBe('plant.yaml: does not exist')
  })

  test('keeps tabs before the caret, so that it stands below its column', () => {
    const text = renderProblems('/', [{ ...problem, column: 4, sourceLine: '\ta: b' }], '/')
    expect(text.split('\n').slice(1)).toEqual([' 12 | \ta: b', '    | \t  ^'])
  })

  test('shows the part of a long line around the column', () => {
    const sourceLine = `${'x'.repeat(300)}HERE${'y'.repeat(300)}`
    const [, shown, caret] = renderProblems('/', [{ ...problem, column: 301, sourceLine }], '/').split('\n')
    expect(shown!.length).toBeLessThan(120)
    expect(shown!.slice(caret!.indexOf('^'))).toMatch(/^HERE/)
  })
})
