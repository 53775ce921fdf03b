import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { DatabaseSync } from 'node:sqlite'

/** The process of collecting-process.ts, to be killed. */
export class Collecting {
  readonly #process: ChildProcess
  readonly #up = Promise.withResolvers<void>()
  #latest: number
  #changed = Promise.withResolvers<void>()

  private constructor(process: ChildProcess, latest: number) {
    this.#process = process
    this.#latest = latest
    createInterface({ input: process.stdout! }).on('line', line => {
      if (line === 'up') this.#up.resolve()
      else this.#latest = Math.max(this.#latest, Number(line))
      this.#changed.resolve()
      this.#changed = Promise.withResolvers<void>()
    })
  }

  /** Resolves once it is connected. `args` are those of the process, `round` the last that is stored. */
  static async start(args: readonly string[], round = 0): Promise<Collecting> {
    const script = join(import.meta.dirname, 'collecting-process.ts')
    const child = spawn(process.execPath, [script, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    const collecting = new Collecting(child, round)
    await collecting.#up.promise
    return collecting
  }

  /** Resolves once this round, or a later one, is on disk. */
  async stored(round: number): Promise<void> {
    while (this.#latest < round) await this.#changed.promise
  }

  async kill(): Promise<void> {
    await this.#end(() => this.#process.kill('SIGKILL'))
  }

  async stop(): Promise<void> {
    await this.#end(() => this.#process.stdin?.end())
  }

  async #end(how: () => void): Promise<void> {
    const exited = once(this.#process, 'exit')
    how()
    await exited
  }
}

/** What the buffer in the folder has stored: each tag's values of after `fromMicros`, in order, and the ledger's losses. */
export function storedIn(stateDir: string, fromMicros: number) {
  const db = new DatabaseSync(join(stateDir, 'buffer.db'), { readOnly: true })
  const rows = db.prepare('SELECT body FROM record ORDER BY seq').all() as { body: Uint8Array }[]
  const account = db.prepare("SELECT value FROM meta WHERE name = 'account'").get() as { value: string }
  db.close()
  const values = new Map<string, number[]>()
  for (const { body } of rows) {
    const { tags, tag, t, value } = JSON.parse(`{${Buffer.from(body)}`)
    for (const [i, name] of (tag as number[]).map(index => tags[index] as string).entries()) {
      if (t[i] <= fromMicros || t[i] > fromMicros + 1e9) continue
      values.set(name, [...(values.get(name) ?? []), value[i]])
    }
  }
  return { values, lost: (JSON.parse(account.value) as { lost: Record<string, number | 'unknown'> }).lost }
}
