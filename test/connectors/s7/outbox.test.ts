import { expect, test } from 'vitest'
import { Outbox } from '../../../connectors/s7/outbox.ts'
import type { Sample, Tag } from '../../../model/index.ts'

const tag: Tag = { asset: 'a/b/c/d', name: 'x', class: 'telemetry' }
const batch = (...values: number[]) => ({
  samples: values.map((value): Sample => ({ tag, t: value, value, status: 0 })),
})
const valuesOf = (batches: readonly { samples: readonly Sample[] }[]) =>
  batches.flatMap(({ samples }) => samples.map(({ value }) => value))
const many = batch(...Array.from({ length: 60_000 }, (_, i) => i))

/** An emit whose promises the test settles. */
function slowEmit() {
  const calls: { values: unknown[]; done: PromiseWithResolvers<void> }[] = []
  const emit = (batches: readonly { samples: readonly Sample[] }[]) => {
    const done = Promise.withResolvers<void>()
    calls.push({ values: valuesOf(batches), done })
    return done.promise
  }
  return { calls, emit }
}
const turn = () => new Promise(resolve => setImmediate(resolve))

test('what gathers behind a slow emit makes one emit', async () => {
  const { calls, emit } = slowEmit()
  const outbox = new Outbox(emit, () => {})
  for (const value of [1, 2, 3]) await outbox.put(batch(value))
  await turn()
  expect(calls.map(({ values }) => values)).toEqual([[1]])
  calls[0]?.done.resolve()
  await turn()
  expect(calls.map(({ values }) => values)).toEqual([[1], [2, 3]])
  calls[1]?.done.resolve()
  await outbox.settled()
})

test('scanning waits when too much has gathered', async () => {
  const { calls, emit } = slowEmit()
  const outbox = new Outbox(emit, () => {})
  await outbox.put(many)
  await outbox.put(many)
  let through = false
  const third = outbox.put(many).then(() => {
    through = true
  })
  await turn()
  expect(through).toBe(false)
  calls[0]?.done.resolve()
  await third
  expect(calls[1]?.values).toHaveLength(120_000)
  calls[1]?.done.resolve()
  await outbox.settled()
})

test('after a failure nothing is emitted or taken, nobody waits, and what waited is told', async () => {
  const { calls, emit } = slowEmit()
  const failures: unknown[] = []
  const outbox = new Outbox(emit, (error, dropped) => failures.push([error, valuesOf(dropped).length]))
  await outbox.put(many)
  await outbox.put(many)
  const waiting = outbox.put(many)
  waiting.catch(() => {})
  const full = new Error('full')
  calls[0]?.done.reject(full)
  await expect(waiting).rejects.toBe(full)
  await outbox.settled()
  await expect(outbox.put(batch(1))).rejects.toBe(full)
  expect(failures).toEqual([[full, 120_000]])
  expect(calls).toHaveLength(1)
})
