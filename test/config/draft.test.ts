import { describe, expect, test } from 'vitest'
import { draftAssets, uniqueNames } from '../../config/draft.ts'

describe('names', () => {
  test('are as much of the path as it takes to tell them apart', () => {
    const paths = [
      ['Press1', 'Oil', 'Temp'],
      ['Press1', 'Air', 'Temp'],
      ['Press2', 'Oil', 'Temp'],
      ['Press2', 'Speed (rpm)'],
    ]
    expect(uniqueNames(paths)).toEqual(['press1-oil-temp', 'air-temp', 'press2-oil-temp', 'speed-rpm'])
  })
  test('equal paths get a number, also where that is taken', () => {
    expect(uniqueNames([['a'], ['A'], ['a-2'], ['a']])).toEqual(['a', 'a-2', 'a-2-2', 'a-3'])
  })
  test('what cannot be written gets a name all the same', () => {
    expect(uniqueNames([['温度'], ['Größe'], ['Öl-Temp']])).toEqual(['unnamed', 'grosse', 'ol-temp'])
  })
})

describe('assets', () => {
  const tag = (...path: string[]) => ({ path, entry: { address: path.join('.') } })
  const ids = (paths: string[][]) =>
    draftAssets(
      paths.map(path => tag(...path)),
      { line: 's/a/l' },
    ).map(({ asset }) => `${asset.id} ${asset.name}`)

  test('a group each, without what all have in common', () => {
    expect(
      ids([
        ['Objects', 'Press1', 'a'],
        ['Objects', 'Press2', 'Motor', 'a'],
      ]),
    ).toEqual(['s/a/l/press1 Press1', 's/a/l/press2-motor Press2 Motor'])
  })
  test('one group is one machine, and no group is one too', () => {
    expect(
      ids([
        ['Objects', 'Press1', 'a'],
        ['Objects', 'Press1', 'b'],
      ]),
    ).toEqual(['s/a/l/press1 Press1'])
    expect(ids([['a'], ['b']])).toEqual(['s/a/l/machine machine'])
  })
  test('what the list says comes before what the command says', () => {
    const drafted = draftAssets([{ ...tag('a'), asset: 's/a/l/own' }, tag('b')], { asset: 's/a/l/rest' })
    expect(drafted.map(({ asset }) => asset.id)).toEqual(['s/a/l/own', 's/a/l/rest'])
  })
})
