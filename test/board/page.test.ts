import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { projectRoot } from '../needs.ts'

const run = promisify(execFile)

test('the page’s scripts pass the type checker, against the messages that the board sends', async () => {
  const { stdout } = await run('node_modules/.bin/tsc', ['-p', 'board/page/jsconfig.json', '--listFiles'], {
    cwd: projectRoot,
  })
  expect(stdout.match(/board\/page\/\w+\.js$/gm)?.length).toBeGreaterThan(12)
}, 60_000)
