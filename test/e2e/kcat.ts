import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import type { RunningPlant } from './running-plant.ts'

const run = promisify(execFile)

/** `millrace client` for kcat; its settings file. */
export async function kcatSettings(
  plant: Pick<RunningPlant, 'millrace'>,
  name = 'test-kcat',
): Promise<string> {
  const { stdout } = await plant.millrace('client', name, '--format', 'kcat', '--json')
  return (JSON.parse(stdout) as { files: { settings: string } }).files.settings
}

/** All committed records of a topic that are there now, by kcat; `place` is `partition/offset`. */
export async function readWithKcat<T>(
  settings: string,
  topic: string,
): Promise<{ place: string; value: T }[]> {
  const format = ['-f', '%p/%o %s\n']
  const args = ['-F', settings, '-C', '-t', topic, '-o', 'beginning', '-e', '-q', '-u', ...format]
  const { stdout } = await run('kcat', args, { maxBuffer: 1 << 29, timeout: 120_000 })
  return stdout
    .split('\n')
    .filter(Boolean)
    .map(line => {
      const end = line.indexOf(' ')
      return { place: line.slice(0, end), value: JSON.parse(line.slice(end + 1)) as T }
    })
}

export async function valuesWithKcat<T>(settings: string, topic: string): Promise<T[]> {
  return (await readWithKcat<T>(settings, topic)).map(({ value }) => value)
}
