import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { pointsOf } from '../../../connectors/s7/points.ts'
import { Progress } from '../../../connectors/s7/progress.ts'
import { type DeclaredTag, declare, optionsFor } from './plc.ts'

const points = (...tags: DeclaredTag[]) =>
  pointsOf({ name: 'plc', options: optionsFor(102), tags, stateDir: '' })
const stamped = (name: string, scanMs = 100) =>
  declare(name, { address: 'DB1,INT4', timeFrom: 'time', scanMs })
const time = declare('time', 'DB1,DINT0')
const again = (progress: Progress) => new Progress(progress.text)

describe('how far a source has come', () => {
  test('tags of one time field stand at one step; a bad reading stands by itself until it is good again', () => {
    const [, a, b] = points(time, stamped('a'), stamped('b'))
    const progress = new Progress(undefined)
    expect(progress.stepOf(a!)).toBeUndefined()
    progress.advance({
      steps: [
        [a!, '0:11'],
        [b!, '2150891520:11'],
      ],
    })
    expect([again(progress).stepOf(a!), again(progress).stepOf(b!)]).toEqual(['0:11', '2150891520:11'])
    progress.advance({
      steps: [
        [a!, '0:12'],
        [b!, '0:12'],
      ],
    })
    expect([again(progress).stepOf(a!), again(progress).stepOf(b!)]).toEqual(['0:12', '0:12'])
  })

  test('classes that read one time field go on by themselves, and a changed class knows the step', () => {
    const [, fast, slow] = points(time, stamped('fast', 20), stamped('slow', 1000))
    const progress = new Progress(undefined)
    progress.advance({
      steps: [
        [slow!, '0:11'],
        [fast!, '0:11'],
      ],
    })
    progress.advance({ steps: [[fast!, '0:12']] })
    expect([progress.stepOf(fast!), progress.stepOf(slow!)]).toEqual(['0:12', '0:11'])
    const [, moved] = points(time, stamped('moved', 50))
    expect(again(progress).stepOf(moved!)).toBeDefined()
  })

  test('a tag that is not left out by its time has no step', () => {
    const [, value] = points(time, {
      ...stamped('a'),
      address: { address: 'DB1,INT4', timeFrom: 'time', onChange: 'never' },
    })
    const progress = new Progress(undefined)
    progress.advance({ steps: [], scan: { scanMs: 100, at: 5 } })
    expect(progress.stepOf(value!)).toBeUndefined()
    expect([again(progress).lastScan(100), again(progress).lastScan(20)]).toEqual([5, undefined])
  })

  test('the text grows with the time fields, not with the tags', () => {
    const tags = Array.from({ length: 1000 }, (_, i) => stamped(`tag-${i}`))
    const progress = new Progress(undefined)
    progress.advance({
      steps: points(time, ...tags)
        .map(point => [point, '0:5d6f9f34'] as const)
        .slice(1),
    })
    expect(progress.text.length).toBeLessThan(200)
  })

  test('text of whatever kind throws nothing', () => {
    const [, a] = points(time, stamped('a'))
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.json()), text => {
        const progress = new Progress(text)
        progress.stepOf(a!)
        progress.lastScan(100)
        expect(() => JSON.parse(progress.text)).not.toThrow()
      }),
    )
  })
})
