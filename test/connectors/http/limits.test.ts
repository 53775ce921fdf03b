import { describe, expect, test } from 'vitest'
import { tokensIn } from '../../../connectors/http/access.ts'
import { http } from '../../../connectors/http/index.ts'
import { InFlight, Rate } from '../../../connectors/http/limits.ts'
import type { Options } from '../../../connectors/http/options.ts'
import { Collector } from '../collector.ts'
import { declare, declared, optionsFor } from './bench.ts'

const open = (endpoint: string, given: Partial<Options> = {}, tags = declared) =>
  http.open({ name: 'x', options: optionsFor(endpoint, given), tags, stateDir: '' }, new Collector().report)
const pair = { certificateFile: '/c.pem', privateKeyFile: '/k.pem' }

describe('where and for whom it listens', () => {
  test.each([
    ['http://127.0.0.1:8080/', {}],
    ['http://[::1]:8080', {}],
    ['http://localhost', { tokensFile: '/t' }],
    ['https://127.0.0.1:8443', pair],
    ['https://0.0.0.0:8443/', { ...pair, tokensFile: '/t' }],
    ['https://0.0.0.0:8443/', { ...pair, clientCaFile: '/ca' }],
  ])('%s with %o', (endpoint, given) => {
    expect(() => open(endpoint, given)).not.toThrow()
  })

  test.each([
    ['http://0.0.0.0:8080/', { tokensFile: '/t' }, 'plain HTTP beyond loopback'],
    ['http://bench-server/', { tokensFile: '/t' }, 'plain HTTP beyond loopback'],
    ['http://127.evil.example/', { tokensFile: '/t' }, 'plain HTTP beyond loopback'],
    ['https://0.0.0.0:8443/', { tokensFile: '/t' }, 'https without a certificate'],
    ['https://0.0.0.0:8443/', pair, 'anybody could post'],
    ['http://127.0.0.1/', { clientCaFile: '/ca' }, 'client certificates need https'],
  ])('%s with %o is refused: %s', (endpoint, given, why) => {
    expect(() => open(endpoint, given)).toThrow(why)
  })

  test('two tags that are posted under one name are refused', () => {
    const tags = [declare('a', {}, { postedAs: 'b' }), declare('b')]
    expect(() => open('http://127.0.0.1', {}, tags)).toThrow('another tag is posted as')
  })
})

describe('a file of tokens', () => {
  const token = 'x'.repeat(20)

  test('has a name and a token a line, comments and empty lines', () => {
    const tokens = tokensIn('t', `# who may post\n\nbench-7 ${token}\nerp   ${token}2\n`)
    expect(tokens.map(({ client }) => client)).toEqual(['bench-7', 'erp'])
  })

  test.each([['bench-7', 'bench-7 short', `bench 7 ${token}`, '']])('"%s" is refused', text => {
    expect(() => tokensIn('t', text)).toThrow(/^t/)
  })
})

describe('limits', () => {
  test('a second of requests at once, then so many a second, each client by itself', () => {
    const rate = new Rate(2)
    const taken = (client: string, nowMs: number) => rate.take(client, nowMs) === undefined
    expect([taken('a', 0), taken('a', 0), taken('a', 0), taken('b', 0)]).toEqual([true, true, false, true])
    expect([taken('a', 499), taken('a', 500), taken('a', 501)]).toEqual([false, true, false])
    expect([taken('a', 60_000), taken('a', 60_000), taken('a', 60_000)]).toEqual([true, true, false])
  })

  test('a request that fails makes room for the next', async () => {
    const inFlight = new InFlight(1)
    const failing = inFlight.run(async () => {
      throw new Error('a defect')
    })
    expect((await inFlight.run(async () => ({ status: 200, body: '' }))).status).toBe(503)
    await expect(failing).rejects.toThrow('a defect')
    expect((await inFlight.run(async () => ({ status: 200, body: '' }))).status).toBe(200)
  })
})
