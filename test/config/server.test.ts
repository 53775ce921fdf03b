import { mkdtemp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeAll, describe, expect, test } from 'vitest'
import { checkServer, loadPlant, loadServer, type Plant } from '../../config/index.ts'

let plant: Plant
let dir: string
beforeAll(async () => {
  plant = await loadPlant(join(import.meta.dirname, 'cases/good/plant'))
  dir = await mkdtemp(join(tmpdir(), 'millrace-server-'))
})

async function written(text: string): Promise<string> {
  const path = join(dir, 'server.yaml')
  await writeFile(path, text)
  return path
}

describe('a server file', () => {
  test('needs only its name and folder', async () => {
    const path = await written('server: p1\nstateDir: /var/lib/millrace\n')
    expect(await loadServer(path, plant)).toEqual({
      server: 'p1',
      stateDir: '/var/lib/millrace',
      ports: {},
      endpoints: {},
    })
  })

  test('may move ports and endpoints', async () => {
    const endpoints = '{ press: "opc.tcp://127.0.0.1:53211/press" }'
    const path = await written(
      `server: p2\nstateDir: /s\nports: { broker: 19092 }\nendpoints: ${endpoints}\n`,
    )
    expect(await loadServer(path, plant)).toMatchObject({
      ports: { broker: 19092 },
      endpoints: { press: 'opc.tcp://127.0.0.1:53211/press' },
    })
  })

  test('is told every mistake', async () => {
    const path = await written(
      'server: p4\nstateDir: state\nports: { brokr: 1, board: 70000 }\nendpoints: { presss: x, press: "s7://x" }\n',
    )
    const { problems, server } = await checkServer(path, plant)
    expect(server).toBeUndefined()
    expect(problems.map(({ line, column, path, suggestion }) => [line, column, path, suggestion])).toEqual([
      [1, 9, 'server', undefined],
      [2, 11, 'stateDir', undefined],
      [3, 10, 'ports.brokr', 'broker'],
      [3, 27, 'ports.board', undefined],
      [4, 14, 'endpoints.presss', undefined],
      [4, 32, 'endpoints.press', undefined],
    ])
  })

  test('that is not there rejects with what the loader rejects with', async () => {
    const path = join(dir, 'none.yaml')
    await expect(loadServer(path, plant)).rejects.toMatchObject({
      name: 'MillraceError',
      code: 'config-invalid',
      transient: false,
      problems: [{ file: path, line: 0, message: expect.stringContaining('ENOENT') }],
    })
  })
})
