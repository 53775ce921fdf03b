import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { node, root, run, step } from './prepare.mjs'

const bin = name => join(root, 'node_modules', '.bin', name)

/** Everything that needs no test runner; each counts as one test. */
export async function staticChecks() {
  const counts = { passed: 0, failed: 0, skipped: [] }
  const check = async (label, command, args) => {
    try {
      await step(label, () => run(command, args))
      counts.passed += 1
    } catch (error) {
      counts.failed += 1
      console.error(`✗ ${label}\n${error.message}`)
    }
  }
  await check('types', bin('tsc'), ['--noEmit'])
  await check('lint and format', bin('biome'), ['check', '--error-on-warnings'])
  await check('generated files', node, ['scripts/generate.ts', '--check'])
  return counts
}

/** Runs vitest and gives its counts. What it prints comes as it is, or whole at the end where `held`. */
export async function vitest(args, { env = {}, held = false } = {}) {
  const dir = mkdtempSync(join(tmpdir(), 'millrace-test-'))
  const counts = join(dir, 'counts.json')
  try {
    const reporters = [
      '--reporter',
      process.stdout.isTTY && !held ? 'default' : 'tree',
      '--reporter',
      './test/reporter.ts',
    ]
    const child = spawn(
      node,
      [join(root, 'node_modules', 'vitest', 'vitest.mjs'), 'run', ...reporters, ...args],
      {
        cwd: root,
        stdio: held ? ['ignore', 'pipe', 'pipe'] : 'inherit',
        env: {
          ...process.env,
          PATH: `${dirname(node)}:${process.env.PATH}`,
          MILLRACE_COUNTS: counts,
          ...env,
        },
      },
    )
    const said = []
    child.stdout?.on('data', chunk => said.push(chunk))
    child.stderr?.on('data', chunk => said.push(chunk))
    const code = await new Promise(resolve => child.on('close', resolve))
    process.stdout.write(Buffer.concat(said))
    const counted = JSON.parse(readFileSync(counts, 'utf8'))
    // The runner knows of failures that belong to no test.
    return code !== 0 && counted.failed === 0 ? { ...counted, failed: 1 } : counted
  } catch (error) {
    console.error(`vitest gave no counts: ${error.message}`)
    return { passed: 0, failed: 1, skipped: [] }
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/**
 * Prints why tests were skipped, and the one plain line; the exit code. A skip is a failure where `mayLack` says that
 * its cause could have been prepared.
 */
export function closingLine(parts, mayLack = () => true) {
  const skipped = parts.flatMap(part => part.skipped)
  const wrongly = skipped.filter(({ reason }) => !mayLack(reason))
  for (const { name, reason } of skipped) {
    console.log(
      `skipped: ${name}: ${reason || 'no reason given'}${wrongly.some(skip => skip.name === name) ? ' (could have been prepared: counted as failed)' : ''}`,
    )
  }
  const sum = key => parts.reduce((total, part) => total + part[key], 0)
  const failed = sum('failed') + wrongly.length
  console.log(`${sum('passed')} passed, ${failed} failed, ${skipped.length - wrongly.length} skipped`)
  return failed > 0 ? 1 : 0
}
