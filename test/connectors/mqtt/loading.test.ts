import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { projectRoot } from '../../needs.ts'

/** Packages of the protocol that are loaded in a process after it has run `code`. */
function loadedAfter(code: string): string[] {
  const script = `${code}
    const { createRequire } = await import('node:module')
    const files = Object.keys(createRequire(import.meta.url).cache)
    console.log(JSON.stringify(files.flatMap(file => /node_modules.(mqtt|sparkplug-payload)./.exec(file)?.[1] ?? [])))`
  const args = ['--input-type=module-typescript', '-e', script]
  return JSON.parse(execFileSync(process.execPath, args, { cwd: projectRoot, encoding: 'utf8' }))
}

test('the client and the decoder are loaded when a connector connects, not before', () => {
  const open = `const { mqtt } = await import('./connectors/mqtt/index.ts')
    const source = { name: 's', options: { endpoint: 'mqtt://127.0.0.1', subscriptions: [] }, tags: [], stateDir: '' }
    const connector = mqtt.open(source, {})`
  expect(loadedAfter(open)).toEqual([])
  expect(loadedAfter(`${open}; await connector.connect(AbortSignal.abort()).catch(() => {})`)).toContain(
    'mqtt',
  )
})
