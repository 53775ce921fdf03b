/**
 * A power cut of the whole hall. What a broker had not flushed is gone with it: each partition's log ends at the first
 * batch at or beyond its line in `recovery-point-offset-checkpoint`. `__cluster_metadata` is flushed by itself.
 */
import { readdirSync, readFileSync, rmSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

const batchHead = 12
const lastOffsetDeltaAt = 23

/** Cuts every log of a broker's folder that is not running; gives how many offsets were lost, by `topic-partition`. */
export function cutLogs(dataDir: string): Map<string, number> {
  const flushed = recoveryPoints(join(dataDir, 'recovery-point-offset-checkpoint'))
  const lost = new Map<string, number>()
  for (const name of readdirSync(dataDir)) {
    if (!/^.+-\d+$/.test(name) || name.startsWith('__cluster_metadata')) continue
    const offsets = cutLog(join(dataDir, name), flushed.get(name) ?? 0n)
    if (offsets > 0) lost.set(name, offsets)
  }
  return lost
}

/** Lines `topic partition offset` after a version and a count. */
function recoveryPoints(file: string): Map<string, bigint> {
  const lines = readFileSync(file, 'utf8').trim().split('\n').slice(2)
  return new Map(
    lines.map(line => {
      const [topic, partition, offset] = line.split(' ')
      return [`${topic}-${partition}`, BigInt(offset!)]
    }),
  )
}

/** Cuts a partition's log at the first batch at or beyond `line`; gives how many offsets were lost. */
export function cutLog(dir: string, line: bigint): number {
  const segments = readdirSync(dir)
    .filter(name => name.endsWith('.log'))
    .sort()
  let lost = 0
  let isCut = false
  for (const segment of segments) {
    const { size, offsets } = keptOf(readFileSync(join(dir, segment)), line)
    if (offsets === 0 && !isCut) continue
    const stem = join(dir, segment.replace('.log', ''))
    if (isCut) rmSync(`${stem}.log`)
    else truncateSync(`${stem}.log`, size)
    for (const index of ['.index', '.timeindex', '.txnindex']) rmSync(stem + index, { force: true })
    isCut = true
    lost += offsets
  }
  return lost
}

/** How many bytes of a segment stay, and how many offsets go. */
function keptOf(bytes: Buffer, line: bigint): { size: number; offsets: number } {
  let size: number | undefined
  let offsets = 0
  for (let at = 0; at + batchHead < bytes.length; ) {
    const length = bytes.readInt32BE(at + 8)
    if (length <= 0) break // space that was set aside
    if (bytes.readBigInt64BE(at) >= line) {
      size ??= at
      offsets += bytes.readInt32BE(at + lastOffsetDeltaAt) + 1
    }
    at += batchHead + length
  }
  return { size: size ?? bytes.length, offsets }
}

/** Where each log of a broker's folder ends: the offset of its last batch, and of the one that would come next. */
export function endsOf(dataDir: string): Map<string, { last: bigint; next: bigint }> {
  const names = readdirSync(dataDir).filter(name => /^.+-\d+$/.test(name))
  return new Map(
    names.flatMap(name => {
      const segment = readdirSync(join(dataDir, name))
        .filter(file => file.endsWith('.log'))
        .sort()
        .at(-1)!
      const end = endOf(readFileSync(join(dataDir, name, segment)))
      return end ? [[name, end] as const] : []
    }),
  )
}

function endOf(bytes: Buffer): { last: bigint; next: bigint } | undefined {
  let end: { last: bigint; next: bigint } | undefined
  for (let at = 0; at + batchHead < bytes.length; ) {
    const length = bytes.readInt32BE(at + 8)
    if (length <= 0) break
    const last = bytes.readBigInt64BE(at)
    end = { last, next: last + BigInt(bytes.readInt32BE(at + lastOffsetDeltaAt)) + 1n }
    at += batchHead + length
  }
  return end
}
