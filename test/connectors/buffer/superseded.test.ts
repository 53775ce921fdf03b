import { expect, test } from 'vitest'
import type { BufferedRow } from '../../../connectors/buffer/buffer.ts'
import { recordsOf } from '../../../connectors/buffer/records.ts'
import { beforeFirsts, withoutSuperseded } from '../../../connectors/buffer/superseded.ts'
import type { Tag } from '../../../model/index.ts'

const asset = 's/a/l/m'
const fast: Tag = { asset, name: 'fast', class: 'telemetry' }
const slow: Tag = { asset, name: 'slow', class: 'telemetry' }
const vibration: Tag = { asset, name: 'vibration', class: 'waveform' }

function rowOf(seq: number, receivedAt: number, ...samples: [Tag, number][]): BufferedRow {
  const [record] = recordsOf(
    samples.map(([tag, t]) => ({
      tag,
      t,
      value: tag.class === 'waveform' ? new Float32Array([1, 2]) : t,
      status: 0,
      ...(tag === fast && { serverTime: t + 1 }),
    })),
  )
  return { ...record!, seq, receivedAt }
}
const bodyOf = (row?: BufferedRow) => JSON.parse(`{${Buffer.from(row!.body).toString()}`)
const isOurs = beforeFirsts(new Map([[`${asset}/fast`, 100]]), 1_000)

test('what the other has sent as well goes out of a row, whenever it came in; the rest stays as it is', () => {
  const row = rowOf(7, 990, [fast, 90], [slow, 95], [fast, 100], [fast, 110])
  const { rows, samples } = withoutSuperseded([row], isOurs)
  expect(samples).toBe(2)
  expect(rows.map(({ seq }) => seq)).toEqual([7])
  expect(bodyOf(rows[0])).toEqual({
    tags: ['fast', 'slow'],
    tag: [0, 1],
    t: [90, 95],
    value: [90, 95],
    status: [0, 0],
    serverT: [91, null],
  })
})

test('a row that keeps nothing keeps its number; one that keeps all is not touched', () => {
  const { rows, samples } = withoutSuperseded([rowOf(1, 5, [fast, 99]), rowOf(2, 5, [fast, 200])], isOurs)
  expect(samples).toBe(1)
  expect(rows).toHaveLength(1)
  expect(rows[0]).toMatchObject({ seq: 2, topic: 'telemetry', asset })
  expect(bodyOf(rows[0])).toEqual({ tags: [], tag: [], t: [], value: [], status: [] })
})

test('of a tag that the other has not read, what came in before it began stays', () => {
  const rows = [rowOf(1, 999, [slow, 5_000]), rowOf(2, 1_000, [slow, 5_001])]
  expect(withoutSuperseded(rows, isOurs)).toMatchObject({ samples: 1, rows: [{ seq: 2 }] })
})

test('a block that was read twice leaves its number among the telemetry, and no empty block', () => {
  const firsts = new Map([[`${asset}/vibration`, 50]])
  const rows = [rowOf(1, 1, [vibration, 49]), rowOf(2, 1, [vibration, 50])]
  const { rows: changed, samples } = withoutSuperseded(rows, beforeFirsts(firsts, 0))
  expect(samples).toBe(1)
  expect(changed).toEqual([expect.objectContaining({ seq: 2, topic: 'telemetry' })])
  expect(changed[0]).not.toHaveProperty('headers')
})

test('doing it again changes nothing', () => {
  const once = withoutSuperseded([rowOf(1, 1, [fast, 90], [fast, 120])], isOurs)
  expect(withoutSuperseded(once.rows, isOurs)).toEqual({ rows: [], samples: 0 })
})
