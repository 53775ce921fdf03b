import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { connectError, tagError } from '../../../connectors/opcua/errors.ts'
import { type Options, opcua } from '../../../connectors/opcua/index.ts'
import { monitoringOf, queueHolds, watchdogOf } from '../../../connectors/opcua/intervals.ts'
import { tagNames } from '../../../connectors/opcua/names.ts'
import { Order } from '../../../connectors/opcua/order.ts'
import { planOf } from '../../../connectors/opcua/plan.ts'
import { parseResume, rangesOf, spread } from '../../../connectors/opcua/resume.ts'
import { driftedFiles } from '../../../scripts/generate.ts'
import { Collector } from '../collector.ts'
import { declared, optionsFor } from './plant.ts'

const endpoint = 'opc.tcp://10.0.0.1:4840'
const open = (given: Partial<Options>) => () => {
  const source = { name: 'press', options: optionsFor(endpoint, given), tags: [], stateDir: '/nowhere' }
  return opcua.open(source, new Collector().report)
}

describe('what no schema can tell', () => {
  test.each([
    ['mode without policy', { securityMode: 'None' }],
    ['policy without mode', { securityPolicy: 'None' }],
    [
      'a password in the open',
      { securityMode: 'None', securityPolicy: 'None', user: { name: 'a', passwordEnv: 'P' } },
    ],
    ['no place for the password', { user: { name: 'a' } }],
    ['two places for it', { user: { name: 'a', passwordEnv: 'P', passwordFile: '/p' } }],
    ['a certificate without key', { certificateFile: '/c.pem' }],
    ['a user without a name or certificate', { user: {} }],
    ['a user with both', { user: { name: 'a', certificateFile: '/c.pem', privateKeyFile: '/k.pem' } }],
    ['a user certificate without key', { user: { certificateFile: '/c.pem' } }],
  ] as [string, Partial<Options>][])('%s is refused, naming the source', (_, given) => {
    expect(open(given)).toThrow(expect.objectContaining({ code: 'config-invalid' }))
    expect(open(given)).toThrow(/press/)
  })

  test.each(['ns=65536;i=1', 'i=4294967296'])('the nodeId %s is refused, naming the tag', nodeId => {
    const tags = [declared('oil', nodeId)]
    const source = { name: 'press', options: optionsFor(endpoint), tags, stateDir: '/nowhere' }
    expect(() => opcua.open(source, new Collector().report)).toThrow(/oil/)
  })

  test.each([
    ['two deadbands', { deadbandAbsolute: 1, deadbandPercent: 1 }],
    ['a deadband on a poll', { mode: 'poll', deadbandAbsolute: 1 }],
    ['events that are polled', { mode: 'poll', follow: 'events' }],
    ['event fields of a variable', { eventFields: ['2:Torque'] as string[] }],
  ] as const)('%s, naming the tag', (_, more) => {
    const { tag, address } = declared('oil', 'i=1')
    const tags = [{ tag, address: { ...address, ...more } }]
    const source = { name: 'press', options: optionsFor(endpoint), tags, stateDir: '/nowhere' }
    expect(() => opcua.open(source, new Collector().report)).toThrow(/oil/)
  })

  test('the defaults are secure, and open without touching disk or network', () => {
    expect(optionsFor(endpoint)).toMatchObject({
      securityMode: 'SignAndEncrypt',
      securityPolicy: 'Basic256Sha256',
    })
    expect(open({})).not.toThrow()
  })
})

test('loading and opening do not load the protocol stack', () => {
  const index = join(import.meta.dirname, '../../../connectors/opcua/index.ts')
  const script = `
    import { registerHooks } from 'node:module'
    let loaded = false
    registerHooks({
      resolve(specifier, context, next) {
        const found = next(specifier, context)
        loaded ||= found.url.includes('/node-opcua')
        return found
      },
    })
    const { opcua } = await import(${JSON.stringify(index)})
    opcua.open({ name: 'a', options: {}, tags: [], stateDir: '/nowhere' }, {})
    const before = loaded
    const { loadStack } = await import(${JSON.stringify(join(index, '../stack.ts'))})
    await loadStack()
    console.log(before, loaded)`
  const loaded = execFileSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' })
  expect(loaded.trim()).toBe('false true')
})

describe('intervals', () => {
  const options = (given: Partial<Options>) =>
    optionsFor(endpoint, { publishingIntervalMs: 1000, bridgeMs: 0, ...given })
  const address = { nodeId: 'i=1' }

  test.each([
    [{ samplingIntervalMs: 100 }, address, { samplingInterval: 100, queueSize: 21 }],
    [
      { samplingIntervalMs: 100 },
      { ...address, samplingIntervalMs: 50 },
      { samplingInterval: 50, queueSize: 41 },
    ],
    [{}, address, { samplingInterval: 1000, queueSize: 10 }],
    [{ samplingIntervalMs: 0 }, address, { samplingInterval: 0, queueSize: 201 }],
    [{ queueSize: 3 }, address, { samplingInterval: 1000, queueSize: 3 }],
    [{ samplingIntervalMs: 100, bridgeMs: 15_000 }, address, { samplingInterval: 100, queueSize: 151 }],
  ])(
    '%o ask for a queue of two publishing intervals, and of the outage to bridge',
    (given, where, expected) => {
      expect(monitoringOf(options(given), where, 1000)).toEqual(expected)
    },
  )

  test('the queue is made for the publishing interval as the server revised it', () => {
    expect(monitoringOf(options({ samplingIntervalMs: 100 }), address, 5000).queueSize).toBe(101)
  })

  test('a queue holds one publishing interval or loses', () => {
    expect(queueHolds(10, 100, 1000)).toBe(true)
    expect(queueHolds(9, 100, 1000)).toBe(false)
    expect(queueHolds(1, 0, 1000)).toBe(true)
  })

  test('the watchdog is never shorter than three keep-alives', () => {
    expect(watchdogOf(options({}), [{ keepAliveMs: 3000, publishingMs: 500 }])).toBe(10_500)
    expect(watchdogOf(options({}), [{ keepAliveMs: 300, publishingMs: 100 }])).toBe(10_000)
  })
})

describe('an address as people type it', () => {
  test.each([
    ['opc.tcp://10.0.0.6:4840?ns=2;s=Press1.Temp', 'opc.tcp://10.0.0.6:4840', 'ns=2;s=Press1.Temp'],
    ['opc.tcp://plc:4840/a/b?ns=3;s="DB1"."x/y?z#1"', 'opc.tcp://plc:4840/a/b', 'ns=3;s="DB1"."x/y?z#1"'],
    ['opc.tcp://plc?i=2258', 'opc.tcp://plc', 'i=2258'],
  ])('%s', (url, endpoint, nodeId) => {
    expect(opcua.locate!(url)).toEqual({ options: { endpoint }, address: { nodeId } })
  })

  test.each([
    'opc.tcp://plc:4840',
    'opc.tcp://plc/ns=2;s=A',
    'http://plc?ns=2;s=A',
    'opc.tcp://plc?temperature',
  ])('%s is refused, with the form', url => {
    const form = { code: 'bad-address', hint: expect.stringContaining('?') }
    expect(() => opcua.locate!(url)).toThrow(expect.objectContaining(form))
  })
})

describe('names of followed tags', () => {
  const names = (paths: string[][], taken: string[] = []) => [
    ...tagNames(
      'press',
      paths.map((path, i) => ({ nodeId: `i=${i}`, path })),
      new Set(taken),
    ).values(),
  ]

  test('are made of browse names, and fit a tag', () => {
    const made = names([['OilTemperature_2'], ['Größe (mm)', 'Istwert'], ['温度'], ['DB1.x[3]']])
    expect(made).toEqual(['press-oil-temperature-2', 'press-grosse-mm-istwert', 'press', 'press-db1-x-3'])
  })

  test('that come out the same are told apart by their node, whatever the order', () => {
    const made = names([['A b'], ['a-b'], ['c']], ['press-c'])
    expect(made[0]).toMatch(/^press-a-b-[0-9a-f]{6}$/)
    expect(new Set(made).size).toBe(3)
    expect(made[2]).toMatch(/^press-c-[0-9a-f]{6}$/)
  })
})

describe('what is left for the next session', () => {
  test('runs of equal values are short, and come back', () => {
    const values = [5, 5, undefined, 5, 7]
    const ranges = rangesOf(values, value => value)
    expect(ranges).toEqual([
      [0, 2, 5],
      [3, 1, 5],
      [4, 1, 7],
    ])
    expect([...spread(ranges!)]).toEqual([...values.entries()].filter(([, value]) => value !== undefined))
    expect(
      rangesOf(
        Array.from({ length: 500 }, (_, i) => i),
        value => value,
      ),
    ).toBeUndefined()
  })

  test.each([undefined, '', '{', '[]', '{"v":2,"subscriptions":[]}'])('%s is as good as nothing', text => {
    expect(parseResume(text)).toBeUndefined()
  })
})

describe('the plan', () => {
  const none = Number.POSITIVE_INFINITY
  const limits = { nodesPerRead: 1000, nodesPerBrowse: 1000, itemsPerCall: 1000, items: none }
  const unlimited = { ...limits, itemsPerSubscription: none, subscriptions: none }
  const values = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ ...declared(`n${i}`, `i=${i}`), watching: 'value' as const }))
  const wanted = { telemetry: values(95), waveform: values(2), events: [], followed: [] }
  const sizes = (given: object) => {
    const { groups, beyond } = planOf(wanted, { ...unlimited, ...given }, optionsFor(endpoint))
    return [groups.map(({ items }) => items.length), beyond.length]
  }

  test('splits at what a subscription holds, merges where the session has few, and leaves the rest to polling', () => {
    expect(sizes({})).toEqual([[95, 2], 0])
    expect(sizes({ itemsPerSubscription: 40 })).toEqual([[40, 40, 15, 2], 0])
    expect(sizes({ subscriptions: 1 })).toEqual([[97], 0])
    expect(sizes({ items: 90 })).toEqual([[90], 7])
    expect(sizes({ itemsPerSubscription: 40, subscriptions: 2 })).toEqual([[40, 40], 17])
  })

  test('asks for the same under the same key, whatever the order, and for something else under another', () => {
    const key = (list: ReturnType<typeof values>, given: Partial<Options> = {}) =>
      planOf({ ...wanted, telemetry: list }, unlimited, optionsFor(endpoint, given)).groups[0]!.key
    expect(key(values(20).reverse())).toBe(key(values(20)))
    expect(key(values(19))).not.toBe(key(values(20)))
    expect(key(values(20), { samplingIntervalMs: 7 })).not.toBe(key(values(20)))
  })
})

describe('sequence numbers', () => {
  test('a gap is seen, and what is missing; keep-alives use none up; what was handled is old', () => {
    const order = new Order(4)
    const take = (number: number, isKeepAlive = false) => {
      const place = order.place(number, isKeepAlive)
      if (place !== 'old') order.took(number)
      return place
    }
    expect(take(5)).toBe('next')
    expect(order.place(6, true)).toBe('old')
    expect(take(6)).toBe('next')
    expect(take(5)).toBe('old')
    expect(take(9)).toEqual({ missing: [7, 8], beyond: 0 })
    expect(order.place(12, true)).toEqual({ missing: [10, 11], beyond: 0 })
    expect(order.handled).toBe(9)
  })

  test('a fresh subscription begins wherever it begins', () => {
    const order = new Order()
    expect(order.handled).toBeUndefined()
    expect(order.place(7, false)).toBe('next')
    order.took(7)
    expect(order.place(9, false)).toEqual({ missing: [8], beyond: 0 })
  })

  test('they wrap to 1', () => {
    const order = new Order(0xfffffffe)
    expect(order.place(2, false)).toEqual({ missing: [0xffffffff, 1], beyond: 0 })
    order.took(0xffffffff)
    expect(order.handled).toBe(0xffffffff)
    expect(order.place(1, false)).toBe('next')
    expect(order.place(0xffffffff, false)).toBe('old')
  })

  test('of a long gap only the last are asked for', () => {
    const place = new Order(1).place(1002, false)
    expect(place).toMatchObject({ beyond: 800 })
    expect(place).toMatchObject({ missing: expect.objectContaining({ length: 200, 0: 802, 199: 1001 }) })
  })
})

describe('errors', () => {
  const fault = (name: string) =>
    Object.assign(new Error('refused'), { response: { responseHeader: { serviceResult: { name } } } })

  test.each([
    [fault('BadIdentityTokenRejected'), 'unauthorised', false],
    [new Error('ServiceResult is BadTooManySessions (0x80560000)'), 'refused', true],
    [fault('BadCertificateUntrusted'), 'untrusted', false],
    [new Error('connect ECONNREFUSED 10.0.0.1:4840'), 'unreachable', true],
    [new Error('getaddrinfo ENOTFOUND plc'), 'unreachable', true],
    ['something odd', 'unreachable', true],
  ])('%s', (thrown, code, transient) => {
    const error = connectError(thrown, endpoint, '/own.pem')
    expect(error).toMatchObject({ code, transient })
    expect(error.message).toContain(endpoint)
    expect(error.hint).toBeTruthy()
    expect(error.cause).toBe(thrown)
  })

  test.each([
    ['BadNodeIdUnknown', 'bad-address'],
    ['BadUserAccessDenied', 'unauthorised'],
    ['BadTypeMismatch', 'bad-type'],
    ['BadNoCommunication', 'unreachable'],
    ['BadSensorFailure', 'refused'],
  ])('a tag that is %s', (name, code) => {
    expect(tagError('temperature', name)).toMatchObject({ code, message: expect.stringContaining(name) })
  })
})

test('the tables in the README are those of the schemas', () => {
  expect(driftedFiles()).not.toContain('connectors/opcua/README.md')
})
