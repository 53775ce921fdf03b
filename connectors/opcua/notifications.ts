import type {
  DataValue,
  EventNotificationList,
  MonitoredItemNotification,
  NotificationMessage,
  StatusCode,
} from 'node-opcua-client'
import { qualityOf, type Sample, status, type Tag } from '../../model/index.ts'
import type { Report } from '../contract.ts'
import { refreshConditions } from './conditions.ts'
import { builtIn, sampleOf } from './decode.ts'
import { type Enumerations, nameEnumeration } from './enumerations.ts'
import { tagError } from './errors.ts'
import { eventOf } from './events.ts'
import type { Session } from './session.ts'
import { decodeStructures } from './structures.ts'
import type { Subscription } from './subscription.ts'

/** Turns what the server says into samples, and tells what that says about tags, losses and the subscription itself. */
export class Notifications {
  readonly #session: Session
  readonly #report: Report
  readonly #enumerations: Enumerations
  readonly #onModelChange: () => void
  readonly #badTags = new Map<Tag, number>()

  constructor(session: Session, report: Report, enumerations: Enumerations, onModelChange: () => void) {
    this.#session = session
    this.#report = report
    this.#enumerations = enumerations
    this.#onModelChange = onModelChange
  }

  /**
   * Adds all samples of one message, in the server's order.
   * @param isKept one that was sent to a session before: that it gave the subscription away was for that one
   */
  async read(
    { notificationData, publishTime }: NotificationMessage,
    subscription: Subscription,
    into: Sample[],
    isKept: boolean,
  ): Promise<void> {
    const { stack } = this.#session
    const received = (publishTime?.getTime() ?? Date.now()) * 1000
    for (const part of notificationData ?? []) {
      if (part instanceof stack.DataChangeNotification) {
        await this.#values(part.monitoredItems ?? [], subscription, received, into)
      } else if (part instanceof stack.EventNotificationList) {
        this.#events(part.events ?? [], subscription, received, into)
      } else if (part instanceof stack.StatusChangeNotification) {
        this.#statusChanged(part.status, isKept)
      }
    }
  }

  #statusChanged(code: StatusCode, isKept: boolean): void {
    const { StatusCodes } = this.#session.stack
    if (code.isBad()) this.#session.lose(`the subscription ended (${code.name})`)
    else if (!isKept && code.equals(StatusCodes.GoodSubscriptionTransferred)) this.#session.displaced()
  }

  async #values(
    items: readonly MonitoredItemNotification[],
    { items: monitored }: Subscription,
    received: number,
    into: Sample[],
  ): Promise<void> {
    let areDecoded = false
    for (const notification of items) {
      const item = monitored.get(notification.clientHandle)
      if (!item) continue
      if (!areDecoded && isStructure(notification)) {
        areDecoded = true
        const structures = items.filter(isStructure)
        await decodeStructures(
          this.#session,
          structures.map(({ value }) => value),
        )
      }
      into.push(this.sample(item.tag, notification.value, received))
    }
  }

  /** One value as a sample, with what it says about its tag reported. */
  sample(tag: Tag, value: DataValue, received: number): Sample {
    const sample = sampleOf(tag, value, received)
    if (this.#enumerations.size > 0) nameEnumeration(sample, this.#enumerations.get(tag))
    const code = sample.status
    if (code === 0 && this.#badTags.size === 0) return sample
    if ((code & status.overflowBits) === status.overflowBits) {
      this.#report.lost(tag, 'queueOverflow', 'unknown')
    }
    this.#told(tag, qualityOf(code) === 'bad' ? code : undefined, value)
    return sample
  }

  #told(tag: Tag, bad: number | undefined, { statusCode }: DataValue): void {
    if (this.#badTags.get(tag) === bad) return
    if (bad === undefined) {
      this.#badTags.delete(tag)
      this.#report.tag(tag, undefined)
    } else {
      this.#badTags.set(tag, bad)
      const name = bad === status.badTypeMismatch ? 'BadTypeMismatch' : statusCode.name
      this.#report.tag(tag, tagError(`${tag.asset} ${tag.name}`, name))
    }
  }

  #events(
    events: NonNullable<EventNotificationList['events']>,
    { id, items }: Subscription,
    received: number,
    into: Sample[],
  ): void {
    for (const event of events) {
      const item = event && items.get(event.clientHandle)
      if (!item) continue
      if (item.watching === 'model') {
        this.#onModelChange()
        continue
      }
      const { meaning, sample } = eventOf(item, event.eventFields ?? [], received)
      if (meaning === 'event') into.push(sample)
      else if (meaning === 'overflow') this.#report.lost(item.tag, 'queueOverflow', 'unknown')
      else if (meaning === 'refresh-required') refreshConditions(this.#session, id)
    }
  }
}

function isStructure({ value }: MonitoredItemNotification): boolean {
  return value.value?.dataType === builtIn.ExtensionObject
}
