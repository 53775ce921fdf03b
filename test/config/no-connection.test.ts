import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, test } from 'vitest'

const root = join(import.meta.dirname, '../..')

/** Runs in a process of its own, because in this one others open sockets and load stacks. */
function observed(statement: string): { sockets: number; stack: number } {
  const script = `
    import { registerHooks } from 'node:module'
    import { subscribe } from 'node:diagnostics_channel'
    let sockets = 0
    let stack = 0
    subscribe('net.client.socket', () => sockets++)
    registerHooks({
      load(url, context, next) {
        if (url.includes('/node_modules/node-opcua')) stack++
        return next(url, context)
      },
    })
    ${statement}
    console.log(JSON.stringify({ sockets, stack }))
    process.exit()`
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    cwd: root,
    encoding: 'utf8',
  })
  expect(stderr).toBe('')
  return JSON.parse(stdout)
}

test('checking a plant opens no socket and loads no protocol stack', () => {
  const check = `const { checkPlant } = await import('./config/load.ts')
    const { problems } = await checkPlant('config/plants/demo')
    if (problems.length > 0) throw new Error(JSON.stringify(problems))`
  expect(observed(check)).toEqual({ sockets: 0, stack: 0 })
})

test('both would be seen', () => {
  const both = `const { connect } = await import('node:net')
    connect(1, '127.0.0.1').on('error', () => {})
    await import('node-opcua-client')`
  const { sockets, stack } = observed(both)
  expect(sockets).toBe(1)
  expect(stack).toBeGreaterThan(0)
})
