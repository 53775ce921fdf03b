import { describe, expect, test } from 'vitest'
import { hostAllowed } from '../../board/http-guard.ts'

describe('the Host header on loopback', () => {
  test.each(['127.0.0.1:8080', '127.0.0.2', 'localhost:8080', '[::1]:8080'])('%s is answered', host => {
    expect(hostAllowed(host, '127.0.0.1')).toBe(true)
  })

  test.each([
    undefined,
    '',
    'evil.example',
    'evil.example:8080',
    '127.0.0.1.evil.example',
    'localhost.evil.example:80',
    'evil@127.0.0.1@evil.example',
    '127.0.0.1/../evil.example:x',
  ])('%s is not', host => {
    expect(hostAllowed(host, '127.0.0.1')).toBe(false)
  })

  test('beyond loopback the name is the plant’s business', () => {
    expect(hostAllowed('board.plant.example', '10.1.2.3')).toBe(true)
  })
})
