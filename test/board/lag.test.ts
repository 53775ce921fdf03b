import { describe, expect, test } from 'vitest'
import { LagWatch } from '../../board/lag.ts'

const at = (offset: number, partition = 0) => ({ topic: 'telemetry', partition, offset: BigInt(offset) })

describe('lag from repeated looks', () => {
  test('counts what is between the positions and the ends, over all partitions', () => {
    const watch = new LagWatch()
    const lag = watch.observe(0, [at(0), at(0, 1)], [at(90), at(40, 1)], [at(100), at(60, 1)])
    expect(lag).toEqual({ records: 30 })
  })

  test('tells the age of the oldest record waiting', () => {
    const watch = new LagWatch()
    watch.observe(1_000, [], [at(50)], [at(50)])
    watch.observe(3_000, [], [at(50)], [at(80)])
    expect(watch.observe(5_000, [], [at(50)], [at(120)])).toEqual({ records: 70, seconds: 4 })
    expect(watch.observe(7_000, [], [at(80)], [at(120)])).toEqual({ records: 40, seconds: 4 })
    expect(watch.observe(9_000, [], [at(120)], [at(120)])).toEqual({ records: 0, seconds: 0 })
  })

  test('a group that is close behind is not told to be a whole look behind', () => {
    const watch = new LagWatch()
    watch.observe(1_000, [], [at(100)], [at(100)])
    expect(watch.observe(3_000, [], [at(290)], [at(300)])).toEqual({ records: 10, seconds: 0.1 })
  })

  test('the marker at the end of a transaction is no record, however long it stands there', () => {
    const watch = new LagWatch()
    watch.observe(0, [], [at(99)], [at(100)])
    expect(watch.observe(600_000, [], [at(99)], [at(100)])).toEqual({ records: 0, seconds: 0 })
  })

  test('a group that has never committed is behind by all that is kept', () => {
    expect(new LagWatch().observe(0, [at(1_000)], [], [at(1_500)])).toEqual({ records: 500 })
  })
})
