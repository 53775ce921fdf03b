import { randomBytes } from 'node:crypto'
import { chmod, mkdir, open, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { coded } from '../model/index.ts'

/** Makes a folder, and any missing parent, that only its owner can enter. */
export async function privateFolder(dir: string): Promise<string> {
  await mkdir(dir, { recursive: true, mode: 0o700 })
  await chmod(dir, 0o700)
  return dir
}

/**
 * Writes a file of mode 0600 in a folder of mode 0700. Atomic: after a power cut at any moment the old or the new content
 * is there, whole.
 * @throws MillraceError `disk`
 */
export async function writeSecret(path: string, content: string): Promise<string> {
  const draft = `${path}.${randomBytes(4).toString('hex')}`
  try {
    await privateFolder(dirname(path))
    const file = await open(draft, 'wx', 0o600)
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(draft, path)
    return path
  } catch (thrown) {
    throw coded(thrown, 'disk', `cannot write ${path}`, { hint: 'Check free space and permissions' })
  }
}
