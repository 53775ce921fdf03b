import { encodeCommand } from './payload.ts'
import { commandTopic } from './topic.ts'
import { datatype } from './value.ts'

type Publish = (topic: string, payload: Uint8Array) => void

/** Asks edge nodes for their births (Sparkplug 3.0, 6.4.22: NCMD `Node Control/Rebirth`), each not too often. */
export class Births {
  readonly #publish: Publish
  readonly #intervalMs: number
  readonly #asked = new Map<string, number>()

  constructor(intervalMs: number, publish: Publish) {
    this.#intervalMs = intervalMs
    this.#publish = publish
  }

  ask(group: string, node: string): void {
    const topic = commandTopic(group, node, '')
    const now = performance.now()
    if (now - (this.#asked.get(topic) ?? Number.NEGATIVE_INFINITY) < this.#intervalMs) return
    this.#asked.set(topic, now)
    this.#publish(topic, rebirth(Date.now()))
  }
}

export function rebirth(nowMs: number): Uint8Array {
  return encodeCommand(
    { name: 'Node Control/Rebirth', datatype: datatype.boolean, field: 'booleanValue', value: true },
    nowMs,
  )
}
