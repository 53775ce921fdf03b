import { expect, test } from 'vitest'
import { type Bearing, bearingOf, ordersOf } from '../../../processors/vibration/bearing.ts'
import { bearings } from '../../../processors/vibration/bearings.ts'

test('the orders of a 6205 are those that its makers and the Case Western Reserve rig give', () => {
  const orders = ordersOf({ balls: 9, ballDiameterMm: 7.94, pitchDiameterMm: 39.04, contactAngleDeg: 0 })
  expect(orders.BPFO).toBeCloseTo(3.585, 2)
  expect(orders.BPFI).toBeCloseTo(5.415, 2)
  expect(orders.BSF2).toBeCloseTo(4.714, 2)
  expect(orders.FTF).toBeCloseTo(0.3983, 3)
})

test('the contact angle counts: those of the PRONOSTIA rig', () => {
  const orders = ordersOf({ balls: 13, ballDiameterMm: 3.5, pitchDiameterMm: 25.6, contactAngleDeg: 60 })
  expect(orders.BPFO + orders.BPFI).toBeCloseTo(13, 12)
  expect(orders.BPFO).toBeCloseTo(6.5 * (1 - 3.5 / 51.2), 12)
})

const named = (model: string | number) => bearingOf({ model }) as Bearing

test('the published rows of the table give the orders that the rig publishes', () => {
  const drive = ordersOf(named('6205-2RS JEM'))
  expect([drive.BPFO, drive.BPFI, drive.BSF2, drive.FTF]).toEqual([
    expect.closeTo(3.5848, 3),
    expect.closeTo(5.4152, 3),
    expect.closeTo(4.7135, 3),
    expect.closeTo(0.39828, 4),
  ])
  const fan = ordersOf(named('6203-2RS JEM'))
  expect([fan.BPFO, fan.BPFI, fan.BSF2, fan.FTF]).toEqual([
    expect.closeTo(3.053, 3),
    expect.closeTo(4.9469, 3),
    expect.closeTo(3.9874, 3),
    expect.closeTo(0.3817, 3),
  ])
})

test('every row of the table could be built: the balls fit on their circle', () => {
  expect(bearings.size).toBeGreaterThan(5)
  for (const { balls, ballDiameterMm, pitchDiameterMm } of bearings.values()) {
    const apart = pitchDiameterMm * Math.sin(Math.PI / balls)
    expect(apart).toBeGreaterThan(ballDiameterMm)
  }
})

test('a model is found with its maker or a suffix, and as a number', () => {
  expect(named('SKF 6206-2Z')).toMatchObject({ balls: 9, ballDiameterMm: 9.525, name: 'SKF 6206-2Z' })
  expect(named(6204)).toMatchObject({ pitchDiameterMm: 33.5 })
  expect(bearingOf({ model: '6205', name: 'drive end' })).toMatchObject({ name: 'drive end' })
})
