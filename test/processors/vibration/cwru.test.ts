import { expect, test } from 'vitest'
import { needs } from '../../needs.ts'
import { outcome, playAll } from './cwru.ts'

test('Case Western Reserve recordings: all that must be told are, none is called wrong, the normal one is quiet', context => {
  needs(context, 'recordings')
  const played = playAll(16_384)
  expect(played.length).toBeGreaterThan(0)
  expect(played.filter(one => outcome(one) === 'wrong')).toEqual([])
  const required = played.filter(({ expect }) => expect.startsWith('detect'))
  expect(required.length).toBeGreaterThan(0)
  expect(required.filter(one => outcome(one) !== 'right')).toEqual([])
  const normal = played.filter(({ fault }) => fault === 'none')
  expect(normal.map(({ call }) => call)).toEqual(normal.map(() => 'none'))
  expect(normal.length).toBeGreaterThan(0)
}, 60_000)

test('Case Western Reserve recordings: shorter blocks may tell less, but nothing wrong', context => {
  needs(context, 'recordings')
  for (const blockSamples of [4_096, 8_192]) {
    expect(playAll(blockSamples).filter(one => outcome(one) === 'wrong')).toEqual([])
  }
}, 60_000)
