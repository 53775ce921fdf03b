import { describe, expect, test } from 'vitest'
import { cardOf, keyTags, limitsOf } from '../../board/plant.ts'
import { ids, pressShop } from './press-shop.ts'

const press = pressShop.assets.find(asset => asset.id === ids.press)!
const furnace = pressShop.assets.find(asset => asset.id === ids.furnace)!

describe('what a card shows of a declared machine', () => {
  test('signals of waveforms stand for themselves; a judged tag carries its signals', () => {
    const { rows, area, line } = cardOf(press)
    expect({ area, line }).toEqual({ area: 'press-shop', line: 'line-1' })
    expect(rows[0]).toEqual({ kind: 'signal', name: 'spindle-bearing', unit: '' })
    expect(rows[1]).toMatchObject({
      kind: 'tag',
      name: 'oil-temperature',
      signals: ['oil-temperature-limits'],
      limits: { warning: { above: 60 }, alarm: { above: 70 } },
    })
  })

  test('judged tags come first, and all of them', () => {
    const tags = Array.from({ length: 9 }, (_, index) => ({
      asset: ids.press,
      name: `t${index}`,
      class: 'telemetry' as const,
    }))
    const signals = [8, 7, 6, 5, 4].map(index => ({
      processor: 'limits',
      name: `s${index}`,
      tag: `t${index}`,
    }))
    const shown = keyTags({ ...press, tags, signals }).map(tag => tag.name)
    expect(shown).toEqual(['t4', 't5', 't6', 't7', 't8'])
  })

  test('limits of several sides and signals come together; what is no limit is left out', () => {
    expect(limitsOf(furnace, 'zone-1')).toEqual({
      warning: { above: 880, below: 820 },
      alarm: { above: 900 },
    })
    const odd = { processor: 'limits', name: 'odd', tag: 'power', warning: 'soon', alarm: { above: '9' } }
    expect(limitsOf({ ...furnace, signals: [odd] }, 'power')).toEqual({})
  })
})
