import { describe, expect, test } from 'vitest'
import type { BufferedRow } from '../../../connectors/buffer/buffer.ts'
import { recordsOf, sealed } from '../../../connectors/buffer/records.ts'
import { type Sample, status, type Tag } from '../../../model/index.ts'

const tag = (name: string, more: Partial<Tag> = {}): Tag => ({
  asset: 's/a/l/m',
  name,
  class: 'telemetry',
  ...more,
})
const sample = (of: Tag, value: Sample['value'], more: Partial<Sample> = {}): Sample => ({
  tag: of,
  t: 1_000_000,
  value,
  status: status.good,
  ...more,
})
const sealedRecords = (samples: Sample[]) =>
  recordsOf(samples).map((record, i) =>
    sealed({ ...record, seq: i + 1, receivedAt: 5 } as BufferedRow, 'plc', 3),
  )

describe('telemetry records', () => {
  test('one an asset, columnar, with its name (source, epoch, seq)', () => {
    const [a, b] = [tag('a'), tag('b')]
    const other = tag('c', { asset: 's/a/l/n' })
    const records = sealedRecords([
      sample(a, 1),
      sample(other, true),
      sample(b, 'x', { t: 2 }),
      sample(a, null, { status: status.bad }),
    ])
    expect(records.map(({ key }) => key)).toEqual(['s/a/l/m', 's/a/l/n'])
    expect(JSON.parse(String(records[0]?.value))).toEqual({
      v: 1,
      asset: 's/a/l/m',
      source: 'plc',
      epoch: 3,
      seq: 1,
      tags: ['a', 'b'],
      tag: [0, 1, 0],
      t: [1_000_000, 2, 1_000_000],
      value: [1, 'x', null],
      status: [0, 0, status.bad],
    })
  })

  test('integers beyond 2^53, NaN and infinities are strings; optional columns are there when any sample has one', () => {
    const samples = [
      sample(tag('a'), 2n ** 60n, { code: 255 }),
      sample(tag('b'), Number.NaN, { serverTime: 9 }),
      sample(tag('c'), Number.NEGATIVE_INFINITY, { picoseconds: 4 }),
      sample(tag('d'), 5n),
    ]
    const parsed = JSON.parse(String(sealedRecords(samples)[0]?.value))
    expect(parsed.value).toEqual(['1152921504606846976', 'NaN', '-Infinity', 5])
    expect(parsed).toMatchObject({
      code: [255, null, null, null],
      serverT: [null, 9, null, null],
      ps: [0, 0, 4, 0],
    })
  })
})

test('a waveform is float32 little endian with everything else in headers', () => {
  const of = tag('vibration', { class: 'waveform', sampleRateHz: 12_000, unit: 'g' })
  const [record] = sealedRecords([sample(of, new Float32Array([1.5, -2]))])
  expect(record?.key).toBe('s/a/l/m/vibration')
  expect(Buffer.from(record?.value as Uint8Array).toString('hex')).toBe('0000c03f000000c0')
  expect(record?.headers).toEqual({
    asset: 's/a/l/m',
    tag: 'vibration',
    t: '1000000',
    rateHz: '12000',
    unit: 'g',
    status: '0',
    source: 'plc',
    epoch: '3',
    seq: '1',
  })
})

test('a waveform without its samples is not good, whatever the device said', () => {
  const of = tag('vib', { class: 'waveform', sampleRateHz: 12_000, unit: 'm/s2' })
  const [good, bad] = recordsOf([sample(of, null), sample(of, null, { status: status.badNotConnected })])
  expect(good?.headers?.status).toBe(String(status.badTypeMismatch))
  expect(bad?.headers?.status).toBe(String(status.badNotConnected))
})
