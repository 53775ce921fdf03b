// `npm run bench` and `npm run evaluate`: prepares the packages, then hands over to the tool on Node 24.
import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { main, node, prepareJars, preparePackages, requireJava, root } from './prepare.mjs'

main(async () => {
  const [tool, ...args] = process.argv.slice(2)
  await preparePackages()
  if (tool === 'bench' && !args.includes('--help')) {
    requireJava()
    await prepareJars()
  }
  const child = spawn(node, [join(root, tool, 'main.ts'), ...args], { stdio: 'inherit' })
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => child.kill(signal))
  const [code] = await new Promise(resolve => child.on('close', (...end) => resolve(end)))
  return code ?? 1
})
