import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { coded, MillraceError, segmentOf } from '../model/index.ts'

/** Where a command puts a machine's file: where it is told, else into the plant's folder, else nowhere. */
export function machinePath(
  source: string,
  { write, plant }: { write?: string; plant?: string },
): string | undefined {
  return write ?? (plant === undefined ? undefined : join(plant, 'machines', `${source}.yaml`))
}

/** @throws MillraceError `config-invalid` when the file is there and `force` is not given, `disk` */
export function writeMachineFile(path: string, text: string, force = false): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, text, { flag: force ? 'w' : 'wx' })
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'EEXIST') {
      throw new MillraceError('config-invalid', `${path} is there already`, {
        hint: '--force writes over it; --write names another file',
      })
    }
    throw coded(thrown, 'disk', `${path} cannot be written`)
  }
}

/** @throws MillraceError `config-invalid` */
export function requireName(name: string, option: string): string {
  if (name !== '' && segmentOf(name) === name) return name
  throw new MillraceError('config-invalid', `${option} "${name}" is not a name`, {
    hint: `Write lower case letters, digits and single dashes${segmentOf(name) ? `, as in ${segmentOf(name)}` : ''}`,
  })
}
