import { describe, expect, test } from 'vitest'
import type { ProcessorEvent } from '../../../model/index.ts'
import { autoencoder } from '../../../processors/autoencoder/index.ts'
import { endLearning, learn, newNetwork, reconstructed } from '../../../processors/learning/autoencoder.ts'
import { createRandom } from '../../simulator/random.ts'
import { declared, hour, run, second, signalsIn, tagNamed, telemetry } from '../records.ts'

/** As the signal trains: smaller and smaller steps. */
function trained(rows: readonly number[][]) {
  const network = newNetwork(5, 12)
  rows.forEach((row, i) => {
    learn(network, row, { rate: 0.005 * (1 - i / rows.length) + 0.0002, keptRows: 128, updatesPerRow: 48 })
  })
  endLearning(network)
  return network
}

/** Load drives current and heat; the level has nothing to do with them; the version never moves. */
function rowsOf(count: number, seed = 1): number[][] {
  const random = createRandom(seed, 'rows')
  return Array.from({ length: count }, () => {
    const load = random.uniform()
    const noise = () => 0.02 * random.gaussian()
    return [load, 10 + 5 * (load + noise()), 40 + 30 * (load ** 2 + noise()), random.gaussian(), 7]
  })
}

describe('the network', () => {
  const network = trained(rowsOf(400))

  test('expects of each value what the others say', () => {
    const errors = rowsOf(200, 2).map(row => reconstructed(network, row).map((value, i) => value - row[i]!))
    const rms = (i: number) => Math.sqrt(errors.reduce((sum, row) => sum + row[i]! ** 2, 0) / errors.length)
    expect(rms(1)).toBeLessThan(0.6) // of 5
    expect(rms(2)).toBeLessThan(3.5) // of 30
    expect(rms(3)).toBeGreaterThan(0.8) // nothing tells it
  })

  test('is not told by the value that is wrong itself', () => {
    const [, expected] = reconstructed(network, [0.5, 99, 40 + 30 * 0.25, 0, 7])
    expect(Math.abs(expected! - 12.5)).toBeLessThan(1)
  })

  test('is the same for the same rows, byte for byte', () => {
    expect(JSON.stringify(trained(rowsOf(400)))).toBe(JSON.stringify(network))
  })
})

describe('the signal', () => {
  const names = ['load', 'current', 'temperature', 'level', 'version']
  const tags = names.map(name => tagNamed(name))
  const events = (rows: readonly (readonly unknown[])[]): ProcessorEvent[] =>
    rows.map((row, i) =>
      telemetry(
        i + 1,
        row.map((value, at) => ({ tag: names[at]!, t: hour + i * second, value })),
      ),
    )
  const options = { tags: names, learnMinutes: 5, givenOutMs: 1_000 }
  const signals = (rows: readonly (readonly unknown[])[]) =>
    signalsIn(run(declared(autoencoder, tags, 'health', options), events(rows)))

  test('learns, is normal, and finds a value that is possible but not together with the others', () => {
    const rows = rowsOf(600).map((row, i) => (i >= 500 ? row.with(1, 10 + 5 * (1 - row[0]!)) : row))
    const found = signals(rows)
    expect(found.slice(0, 300).every(({ verdict }) => verdict === 'not-known')).toBe(true)
    expect(found[0]!.reason).toBe('Learning what is normal: 0 of 5 minutes')
    expect(new Set(found.slice(301, 500).map(({ verdict }) => verdict))).toEqual(new Set(['normal']))
    const alarm = found.slice(500).find(({ verdict }) => verdict === 'alarm')
    expect(alarm?.t).toBeLessThan(hour + 530 * second)
    expect(alarm?.reason).toMatch(/do not go together as learned: .*current is/)
    expect(found.flatMap(({ details }) => Object.keys(details ?? {}))).not.toContain('version')
  })

  test.each([
    ['bad input', 'NaN', /current is not a finite number/],
    ['no value', null, /current is not a finite number/],
  ])('%s is not known, with the reason, and known again afterwards', (_, value, reason) => {
    const rows: unknown[][] = rowsOf(360)
    rows[340]![1] = value
    const found = signals(rows)
    expect(found[340]).toMatchObject({ verdict: 'not-known', value: null })
    expect(found[340]!.reason).toMatch(reason)
    expect(found[341]!.verdict).toBe('normal')
  })

  test('a gap that swallows a part of the learning time makes it learn anew', () => {
    const before = events(rowsOf(100))
    const after = events(rowsOf(330, 2)).map(event =>
      event.kind !== 'telemetry'
        ? event
        : { ...event, record: { ...event.record, t: event.record.t.map(t => t + 600 * second) } },
    )
    const found = signalsIn(run(declared(autoencoder, tags, 'health', options), [...before, ...after]))
    expect(found[100]!.reason).toBe('Learning what is normal: 0 of 5 minutes')
    expect(found.at(-1)!.verdict).toBe('normal')
  })

  test('a tag that is missing, or falls silent, is not known', () => {
    const processor = declared(autoencoder, tags, 'health', options)
    const only = [telemetry(1, [{ tag: 'load', t: hour, value: 1 }])]
    expect(signalsIn(run(processor, only))[0]!.reason).toBe('No sample of current yet')
    const silent = Array.from({ length: 20 }, (_, i) =>
      telemetry(i + 2, [{ tag: 'load', t: hour + i * second, value: 1 }]),
    )
    const told = signalsIn(run(processor, [...events(rowsOf(1)), ...silent]))
    expect(told.at(-1)!.reason).toMatch(/The last sample of current is 19 s old/)
  })
})
