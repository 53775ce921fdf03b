import { type FSWatcher, watch } from 'node:fs'
import { join, resolve } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { hashOf } from './assemble.ts'
import { type FolderBytes, readFolder } from './folder.ts'

export type WatchOptions = {
  /** Hash of the files that are known already. */
  readonly knownHash: string
  readonly signal: AbortSignal
  /** The folder is looked at again after so long even if the system told of nothing. */
  readonly pollMs?: number
  /** A change counts once the folder has been still for so long: a checkout changes many files one after the other. */
  readonly stillMs?: number
  /** A signal of this process that asks for a look at once. */
  readonly signalName?: NodeJS.Signals
}

/**
 * Calls `changed` with each new state of a plant folder's files until aborted. The system's notices are hints only:
 * editors replace files, and folders are swapped, so that what is compared is always the content.
 */
export async function watchFolder(
  dir: string,
  changed: (bytes: FolderBytes) => Promise<void>,
  { knownHash, signal, pollMs = 5_000, stillMs = 300, signalName }: WatchOptions,
): Promise<void> {
  let known = knownHash
  let hint = Promise.withResolvers<void>()
  const nudge = () => hint.resolve()
  if (signalName) process.on(signalName, nudge)
  try {
    while (!signal.aborted) {
      hint = Promise.withResolvers<void>()
      const watchers = watching(dir, nudge)
      // What changed before the watchers stood is seen by this look.
      const bytes = await stillFolder(dir, stillMs, signal)
      if (!signal.aborted && hashOf(bytes.files) !== known) {
        known = hashOf(bytes.files)
        await changed(bytes)
      }
      await Promise.race([hint.promise, sleep(pollMs, undefined, { signal }).catch(() => {})])
      for (const watcher of watchers) watcher.close()
    }
  } finally {
    if (signalName) process.off(signalName, nudge)
  }
}

/** The folder once two looks in a row found the same. */
async function stillFolder(dir: string, stillMs: number, signal: AbortSignal): Promise<FolderBytes> {
  let last = await readFolder(resolve(dir))
  for (;;) {
    await sleep(stillMs, undefined, { signal }).catch(() => {})
    const now = await readFolder(resolve(dir))
    if (signal.aborted || hashOf(now.files) === hashOf(last.files)) return now
    last = now
  }
}

function watching(dir: string, nudge: () => void): FSWatcher[] {
  return [dir, join(dir, 'machines')].flatMap(folder => {
    try {
      const watcher = watch(folder, { persistent: false }, nudge)
      watcher.on('error', nudge)
      return [watcher]
    } catch {
      return [] // not there now: the poll sees it come back
    }
  })
}
