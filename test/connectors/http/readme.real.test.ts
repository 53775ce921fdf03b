import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { parse } from 'yaml'
import { addressOf, tagOf } from '../../../config/tag.ts'
import { needs, python } from '../../needs.ts'
import { type DeclaredTag, type Running, start, stateDir } from './bench.ts'

const run = promisify(execFile)
const readme = readFileSync(new URL('../../../connectors/http/README.md', import.meta.url), 'utf8')

/** The blocks of one language in the README's first chapter. */
function blocks(language: string): string[] {
  const [chapter = ''] = readme.split('## What can be posted')
  return Array.from(
    chapter.matchAll(new RegExp(`\`\`\`${language}\\n(.*?)\`\`\``, 'gs')),
    ([, block]) => block!,
  )
}

type Machine = { assets: { id: string; tags: Parameters<typeof tagOf>[1][] }[] }

let running: Running
let dir: string
beforeAll(async () => {
  const { assets } = parse(blocks('yaml')[0]!) as Machine
  const tags = assets.flatMap(({ id, tags }) =>
    tags.map(tag => ({ tag: tagOf(id, tag), address: addressOf(tag) })),
  )
  running = await start({ tags: tags as DeclaredTag[] })
  dir = await stateDir()
  await writeFile(join(dir, 'bench.csv'), blocks('csv')[0]!)
})
afterAll(async () => running?.stop())

const here = (block: string) => block.replaceAll('http://127.0.0.1:8080/', running.url)

test('every command of the first ten minutes works as it stands', async () => {
  const [first = '', second = ''] = blocks('sh')
  const { stdout } = await run('bash', ['-ec', here(first)], { cwd: dir })
  expect(first).toContain(`# ${stdout.trim()}`)
  await run('bash', ['-ec', `set -o pipefail\n${here(second)}`], { cwd: dir })
  expect(running.collector.samples).toHaveLength(7 + 1 + 7)
})

test('the script works as it stands', async context => {
  needs(context, 'python')
  const before = running.collector.samples.length
  const { stdout } = await run(python, ['-c', here(blocks('python')[0]!)])
  expect(JSON.parse(stdout.replaceAll("'", '"'))).toEqual({ stored: 2 })
  expect(running.collector.samples).toHaveLength(before + 2)
})
