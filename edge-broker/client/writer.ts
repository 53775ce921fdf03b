import { setTimeout as sleep } from 'node:timers/promises'
import { MillraceError } from '../../model/index.ts'
import type { OutRecord, Writer } from '../kafka.ts'
import { checkPartitions, contact, type Settings, topicsOf } from './connection.ts'
import { kafkaError } from './errors.ts'
import { type Patience, patience, within } from './patience.ts'
import { type Lane, lanesOf, type MillraceProducer, newProducer, sendLane } from './producing.ts'

/** How long close() waits for what is being sent, ms; without a broker that would be for ever. */
const partingMs = 2_000

/** An idempotent producer: the brokers recognise what it sends again, as long as it lives. */
export async function openWriter(settings: Settings): Promise<Writer> {
  const time = patience('open a writer', settings.timeoutMs)
  let producer: MillraceProducer | undefined = newProducer(settings)
  await contact(producer, time).catch(thrown => producer?.close().then(() => Promise.reject(thrown)))
  const lanesInUse = new Map<string, Promise<void>>()
  let closed = false

  /** Two sends to one partition at once could overtake each other when one of them is repeated. */
  const sendInTurn = (to: MillraceProducer, lane: Lane): Promise<void> => {
    const key = `${lane.topic}/${lane.partition}`
    const turn = (lanesInUse.get(key) ?? Promise.resolve()).then(() =>
      sendLane(lane, options => to.send(options)),
    )
    const settled = turn
      .catch(() => {})
      .then(() => {
        if (lanesInUse.get(key) === settled) lanesInUse.delete(key)
      })
    lanesInUse.set(key, settled)
    return turn
  }

  const send = async (to: MillraceProducer, records: readonly OutRecord[], time: Patience): Promise<void> => {
    const lanes = lanesOf(records)
    checkPartitions(lanes, await topicsOf(to, time, [...new Set(lanes.map(lane => lane.topic))]))
    await Promise.all(lanes.map(lane => sendInTurn(to, lane)))
  }

  /** Nothing may be sent any more once the caller was told that it is not known to be written. */
  const drop = async (used: MillraceProducer): Promise<void> => {
    if (producer === used) producer = undefined
    await used.close().catch(() => {})
  }

  return {
    async write(records) {
      if (closed) throw new MillraceError('internal', 'the writer is closed')
      if (records.length === 0) return
      const time = patience('write', settings.timeoutMs)
      producer ??= newProducer(settings)
      const used = producer
      try {
        await within(time, send(used, records, time))
      } catch (thrown) {
        const error = kafkaError(thrown, time.doing)
        if (error.transient) await drop(used)
        throw error
      }
    },
    async close() {
      closed = true
      await Promise.race([Promise.all(lanesInUse.values()), sleep(partingMs, undefined, { ref: false })])
      await producer?.close().catch(() => {})
    },
  }
}
