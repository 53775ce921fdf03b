// `npm run check`: types, lint and format, generated files, layering and unit tests.
import { main, prepareJars, preparePackages, requireJava } from './prepare.mjs'
import { closingLine, staticChecks, vitest } from './testing.mjs'

main(async () => {
  await preparePackages()
  requireJava()
  await prepareJars()
  const checks = await staticChecks()
  const tests = await vitest(['--project', 'unit'])
  return closingLine([checks, tests])
})
