import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { dutiesOf } from '../../../edge-broker/lease/duties.ts'

const sources = ['a', 'b', 'c', 'd', 'e', 'f', 'g']
type Said = Record<string, { held?: string[]; failed?: string[] }>
const holding = (said: Said) =>
  new Map(
    Object.entries(said).map(([server, { held = [], failed = [] }]) => [
      server,
      { held: new Set(held), failed: new Set(failed) },
    ]),
  )

/** What everybody holds once all have done their duty, in turns. */
function after(rounds: number, said: Said, of = sources): Said {
  let now = said
  for (let round = 0; round < rounds; round++) {
    for (const me of Object.keys(now)) {
      const { take, give } = dutiesOf(me, of, holding(now))
      const held = [...(now[me]!.held ?? []), ...take].filter(source => !give.includes(source))
      now = { ...now, [me]: { ...now[me], held } }
    }
  }
  return now
}

const loads = (said: Said) => Object.values(said).map(({ held = [] }) => held.length)

describe('duties', () => {
  test('a source that nobody holds goes to who has least; all come to the same without asking', () => {
    const now = holding({ p1: { held: ['a', 'b'] }, p2: { held: ['c'] }, p3: {} })
    expect(['p1', 'p2', 'p3'].map(me => dutiesOf(me, ['a', 'b', 'c', 'd', 'e'], now).take)).toEqual([
      [],
      ['e'],
      ['d'],
    ])
  })

  test('only what the dead one held moves', () => {
    const { p2, p3 } = after(3, { p2: { held: ['c', 'd'] }, p3: { held: ['e', 'f', 'g'] } })
    expect(p2?.held).toEqual(expect.arrayContaining(['c', 'd']))
    expect(p3?.held).toEqual(expect.arrayContaining(['e', 'f', 'g']))
  })

  test('one that comes back is given sources, one after the other, until nobody has two more than another', () => {
    const now = after(10, { p1: { held: sources }, p2: {}, p3: {} })
    expect(loads(now).sort()).toEqual([2, 2, 3])
  })

  test('one that cannot read a source is neither asked to nor given it', () => {
    const now = holding({ p1: { held: ['a', 'b', 'c'] }, p2: { failed: ['c', 'd'] } })
    expect(dutiesOf('p1', ['a', 'b', 'c', 'd'], now)).toEqual({ take: ['d'], give: ['b'] })
    expect(dutiesOf('p2', ['a', 'b', 'c', 'd'], now).take).toEqual([])
  })

  test('whatever was before, every source comes to have one owner, and then nothing moves', () => {
    const owner = fc.constantFrom('p1', 'p2', 'p3', undefined)
    fc.assert(
      fc.property(fc.array(owner, { minLength: sources.length, maxLength: sources.length }), owners => {
        const heldBy = (server: string) => sources.filter((_, i) => owners[i] === server)
        const said = { p1: { held: heldBy('p1') }, p2: { held: heldBy('p2') }, p3: { held: heldBy('p3') } }
        const now = after(12, said)
        expect(
          Object.values(now)
            .flatMap(({ held = [] }) => held)
            .sort(),
        ).toEqual(sources)
        expect(after(1, now)).toEqual(now)
        expect(Math.max(...loads(now)) - Math.min(...loads(now))).toBeLessThan(2)
      }),
    )
  })
})
