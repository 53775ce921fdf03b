import { expect, test } from 'vitest'
import { ordersOf } from '../../../processors/vibration/bearing.ts'

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
