// `npm start`: prepares what is missing, then hands over to `millrace start` on Node 24.
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { main, node, prepareJars, preparePackages, requireJava, root } from './prepare.mjs'

/** The processes above this one up to npm: when any of them is gone, nobody is there to press Ctrl-C. */
function callers() {
  const chain = []
  for (let pid = process.ppid; pid > 1 && chain.length < 3; ) {
    try {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
      chain.push(pid)
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').startsWith('npm')) return chain
      pid = Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
    } catch {
      break
    }
  }
  return chain.slice(0, 1)
}

main(async () => {
  const watched = callers()
  const args = process.argv.slice(2)
  if (!args.includes('--help') && !args.includes('-h')) {
    requireJava()
    await preparePackages()
    await prepareJars()
  } else {
    await preparePackages()
  }
  const command = [node, join(root, 'runtime', 'millrace.ts'), 'start', ...args]
  const child = spawn('setpriv', ['--pdeathsig', 'TERM', ...command], { stdio: 'inherit' })
  // A terminal's Ctrl-C reaches the child twice, by itself and through here: it takes both for one.
  process.on('SIGINT', () => child.kill('SIGINT'))
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill('SIGTERM'))
  const watch = setInterval(() => {
    if (watched.every(pid => isAlive(pid))) return
    clearInterval(watch)
    child.kill('SIGTERM')
  }, 1000)
  const [code, signal] = await new Promise(resolve => child.on('close', (...end) => resolve(end)))
  clearInterval(watch)
  return signal ? 1 : code
})

function isAlive(pid) {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return error.code === 'EPERM'
  }
}
