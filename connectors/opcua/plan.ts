import { createHash } from 'node:crypto'
import type { Limits } from './limits.ts'
import type { Options } from './options.ts'
import { type Declared, samplingOf } from './points.ts'

/** What an item watches: a value, the events of a node, or the server's word that its model has changed. */
export type Watching = 'value' | 'events' | 'model'

/** One monitored item to be. */
export type Item = Declared & {
  /** Names it in notifications; a hash, so that the next session makes the same of the same tag. */
  readonly handle: number
  readonly watching: Watching
}

/** The items of one subscription to be. */
export type Group = {
  readonly items: readonly Item[]
  /** The same in an order that does not hang on how they were found. */
  readonly byHandle: readonly Item[]
  /** Values in one message. */
  readonly perPublish: number
  readonly key: string
}

/** Items by kind. Waveforms have messages of their own, events are few, followed items come and go. */
export type Wanted = Readonly<Record<Kind, readonly (Declared & { readonly watching: Watching })[]>>
export type Kind = 'telemetry' | 'waveform' | 'events' | 'followed'

/**
 * Values in one message: few enough that the garbage of a message is young when it dies. The stack asks servers for
 * answers of at most 800 kB; a block of 16,384 float32 is 64 kB.
 */
const perPublish: Readonly<Record<Kind, number>> = {
  telemetry: 2000,
  waveform: 4,
  events: 1000,
  followed: 2000,
}

/**
 * Items in subscriptions, as many as the server's limits ask for. `beyond` is what the server has no items left for:
 * values, to be read by polling.
 */
export function planOf(
  wanted: Wanted,
  limits: Limits,
  options: Options,
): { groups: Group[]; beyond: Declared[] } {
  const kinds = (Object.keys(perPublish) as Kind[]).filter(kind => wanted[kind].length > 0)
  const merged = kinds.length > limits.subscriptions
  const lists = merged
    ? [{ list: kinds.flatMap(kind => wanted[kind]), max: Math.min(...kinds.map(kind => perPublish[kind])) }]
    : kinds.map(kind => ({ list: wanted[kind], max: perPublish[kind] }))
  const groups: Group[] = []
  const beyond: Declared[] = []
  let left = limits.items
  for (const { list, max } of lists) {
    const items = withHandles(list)
    for (let at = 0; at < items.length; at += limits.itemsPerSubscription) {
      const part = items.slice(at, Math.min(at + limits.itemsPerSubscription, at + left))
      const whole = items.slice(at, at + limits.itemsPerSubscription)
      if (part.length === 0 || groups.length >= limits.subscriptions) beyond.push(...whole)
      else {
        groups.push(groupOf(part, max, options))
        beyond.push(...whole.slice(part.length))
        left -= part.length
      }
    }
  }
  return { groups, beyond: beyond.filter(item => (item as Item).watching === 'value') }
}

export function groupOf(items: readonly Item[], perPublish: number, options: Options): Group {
  const byHandle = items.toSorted((a, b) => a.handle - b.handle)
  return { items, byHandle, perPublish, key: keyOf(byHandle, options) }
}

/** Items with their handles; two that meet in a hash stand side by side. */
export function withHandles(list: Wanted[Kind], taken = new Set<number>()): Item[] {
  return list.map((each): Item => {
    let handle = hashOf(`${each.watching} ${each.tag.asset} ${each.tag.name} ${each.address.nodeId}`)
    while (taken.has(handle)) handle = (handle + 1) & 0x3fffffff
    taken.add(handle)
    return { ...each, handle }
  })
}

/** FNV-1a, to 30 bits: numbers of that size are quick keys. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193)
  return (hash ^ (hash >>> 30)) & 0x3fffffff
}

/** Everything that the server was asked for these items. */
function keyOf(items: readonly Item[], options: Options): string {
  const { publishingIntervalMs, trigger, queueSize, bridgeMs, endpoint } = options
  const hash = createHash('sha256').update(
    JSON.stringify([endpoint, publishingIntervalMs, trigger, queueSize, bridgeMs]),
  )
  for (const { handle, watching, address } of items) {
    const { nodeId, deadbandAbsolute, deadbandPercent, eventFields } = address
    const asked = `${samplingOf(address, options)} ${deadbandAbsolute} ${deadbandPercent}`
    hash.update(`\n${handle} ${watching} ${nodeId} ${asked}${eventFields ? ` ${eventFields}` : ''}`)
  }
  return hash.digest('base64url').slice(0, 16)
}
