// `npm run check`: types, lint and format, generated files, layering and unit tests.
import { main, prepareJars, preparePackages, requireJava } from './prepare.mjs'
import { closingLine, staticChecks, vitest } from './testing.mjs'

main(async () => {
  await preparePackages()
  requireJava()
  await prepareJars()
  const checks = await staticChecks()
  // One a core, where vitest would leave one free: here nothing runs beside them.
  const tests = await vitest(['--project', 'unit', '--maxWorkers', '100%'])
  return closingLine([checks, tests])
})
