import type { PublishResponse } from 'node-opcua-client'
import { orAbort, type Sample, untilOneFails } from '../../model/index.ts'
import type { Emit } from '../contract.ts'
import { untilOrAborted } from './deadline.ts'
import { keepFollowing } from './following.ts'
import { watchdogOf } from './intervals.ts'
import type { Up } from './prepare.ts'
import { type Acknowledgement, publish } from './publish.ts'
import { type Handle, inOrder, recover } from './recover.ts'
import type { Session } from './session.ts'
import { resumeOf, type Subscription } from './subscription.ts'

/** Emits what comes, by whatever way, until aborted; rejects when the session is lost or emit rejects. */
export async function run(up: Up, emit: Emit, signal: AbortSignal): Promise<void> {
  const { session, subscriptions, poll } = up
  const kept = subscriptions.transferable ? subscriptions.all : []
  const inTurn = oneAtATime(emit)
  const emitAll = (samples: readonly Sample[]) => inTurn(samples, resumeOf(kept))
  await emitAll(subscriptions.refused)
  up.isKept = kept.length > 0
  await untilOneFails(signal, ending => {
    const work = [poll.run(emitAll, ending)]
    if (subscriptions.all.length > 0) work.push(listen(up, emitAll, ending))
    else work.push(keepAlive(session, ending))
    if (up.points.followed.length > 0) work.push(keepFollowing(up, emitAll, ending))
    return work
  })
}

type EmitAll = (samples: readonly Sample[]) => Promise<void>

/** Emits in the order of the calls. After one has failed, so does every later: what comes after a gap is not stored. */
function oneAtATime(emit: Emit): Emit {
  let last = Promise.resolve()
  return (samples, resume) => {
    last = last.then(() => emit(samples, resume))
    last.catch(() => {})
    return last
  }
}

/** First what the server has kept of before, then what comes. */
async function listen(up: Up, emit: EmitAll, signal: AbortSignal): Promise<void> {
  const { session, subscriptions, notifications, report } = up
  const byId = new Map(subscriptions.all.map(each => [each.id, each]))
  let samples: Sample[] = []
  const handle: Handle = (message, subscription, isKept) =>
    notifications.read(message, subscription, samples, isKept)
  const stored = async () => {
    const all = samples
    samples = []
    await emit(all)
  }
  const acknowledged: Acknowledgement[] = []
  for (const [subscription, available] of subscriptions.available) {
    const numbers = await recover(session, subscription, available, handle, report)
    acknowledged.push(...acknowledgements(subscription, numbers))
  }
  if (acknowledged.length > 0) await stored()
  const take = async (responses: readonly PublishResponse[]) => {
    const taken: Acknowledgement[] = []
    for (const { subscriptionId, notificationMessage } of responses) {
      const subscription = byId.get(subscriptionId)
      if (!subscription) continue
      const asked = await inOrder(session, notificationMessage, subscription, handle, report)
      const own = notificationMessage.notificationData?.length ? [notificationMessage.sequenceNumber] : []
      taken.push(...acknowledgements(subscription, [...asked, ...own]))
    }
    if (taken.length > 0 || samples.length > 0) await stored()
    return taken
  }
  const listening = subscriptions.all.map(each => ({
    id: each.id,
    watchdogMs: watchdogOf(session.options, [each]),
  }))
  await publish(session, listening, acknowledged, take, signal)
}

function acknowledgements({ id }: Subscription, numbers: readonly number[]): Acknowledgement[] {
  return numbers.map(sequenceNumber => ({ subscriptionId: id, sequenceNumber }))
}

/** Where nothing is subscribed, the server is asked for its state, so that silence is noticed and the session stays. */
async function keepAlive(session: Session, signal: AbortSignal): Promise<void> {
  const { stack, ua, options } = session
  const nodeId = stack.makeNodeId(stack.VariableIds.Server_ServerStatus_State)
  const ended = AbortSignal.any([signal, session.lost])
  const everyMs = options.watchdogMs / 2
  try {
    for (;;) {
      await untilOrAborted(performance.now() + everyMs, ended)
      const late = AbortSignal.timeout(everyMs)
      const reading = ua.read({ nodeId, attributeId: stack.AttributeIds.Value })
      await orAbort(reading, AbortSignal.any([ended, late])).catch(thrown => {
        session.lose(`no answer within ${everyMs} ms`, thrown)
      })
    }
  } catch (thrown) {
    if (!signal.aborted || thrown !== signal.reason) throw thrown
  }
}
