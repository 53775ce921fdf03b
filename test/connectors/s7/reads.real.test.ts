/** What tells a test that a controller's value has been read, so that it need not wait for a time. */
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { lack, needs } from '../../needs.ts'
import { type Snap7Client, type Snap7Server, startSnap7, startSnap7Client } from '../../servers/snap7.ts'

let server: Snap7Server
let client: Snap7Client | undefined

beforeAll(async () => {
  if (lack('python')) return
  server = await startSnap7({ 1: 8, 2: 8 })
  client = startSnap7Client()
  await client.command({ op: 'connect', port: server.port })
})
beforeEach(context => needs(context, 'python'))
afterAll(async () => {
  await client?.end()
  await server?.stop()
})

const read = (number: number, offset: number, size: number) =>
  client?.command({ op: 'read', number, offset, size })

test('a block counts as read when every byte of it was read so often after the last set', async () => {
  await read(1, 0, 8)
  await read(1, 0, 8)
  await server.set({ number: 1, offset: 0, hex: 'ff' })
  const reading = server.read(1, 2)
  await read(1, 0, 8)
  await read(2, 0, 8)
  await read(2, 0, 8)
  await read(1, 0, 8)
  await read(1, 0, 4)
  // The first read after a set may have been copied before it.
  expect(await server.reads(1)).toBeLessThan(2)
  await read(1, 4, 4)
  await reading
  expect(await server.reads(1)).toBe(2)
})
