import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { openLogFile } from '../../runtime/log-file.ts'

let dir: string
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'millrace-log-'))
})
afterEach(() => rmSync(dir, { recursive: true, force: true }))

test('goes on where it ended, readable by its owner only', () => {
  const path = join(dir, 'logs', 'a.log')
  for (const line of ['one\n', 'two\n']) {
    const log = openLogFile(path)
    log.write(Buffer.from(line))
    log.close()
  }
  expect(readFileSync(path, 'utf8')).toBe('one\ntwo\n')
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('keeps the last of what is written within its bound, in two files', () => {
  const path = join(dir, 'a.log')
  const log = openLogFile(path, 10)
  for (let i = 0; i < 7; i++) log.write(Buffer.from(`line${i}\n`.padEnd(5)))
  log.close()
  expect(readFileSync(path, 'utf8')).toBe('line6\n')
  expect(readFileSync(`${path}.1`, 'utf8')).toBe('line5\n')
})

test('what cannot be written stops nobody, and is told afterwards', () => {
  const blocked = join(dir, 'logs')
  writeFileSync(blocked, '') // a file where the folder must be
  const path = join(blocked, 'a.log')
  const log = openLogFile(path)
  log.write(Buffer.from('lost\n'))
  expect(existsSync(path)).toBe(false)
  rmSync(blocked)
  log.write(Buffer.from('kept\n'))
  log.close()
  expect(readFileSync(path, 'utf8')).toBe('(5 bytes could not be logged)\nkept\n')
})
