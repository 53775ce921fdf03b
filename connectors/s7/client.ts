import { type Micros, MillraceError, orAbort } from '../../model/index.ts'
import { type Channel, openChannel } from './channel.ts'
import { answerError } from './codes.ts'
import { within } from './deadline.ts'
import type { Options } from './options.ts'
import {
  decodeItemData,
  decodePdu,
  decodeReturnCodes,
  decodeSetup,
  encodeItemData,
  encodeItems,
  encodePdu,
  encodeSetup,
  functionCode,
  type Item,
  type ItemData,
  type Pdu,
  rosctr,
} from './protocol.ts'
import { clockRequest, decodeClock } from './userdata.ts'

/** `error` is the error of the answer as a whole, and then there are no items; 0 is none. */
export type ReadAnswer = { readonly error: number; readonly items: readonly ItemData[]; readonly at: Micros }
export type WriteAnswer = { readonly error: number; readonly codes: readonly number[] }

/** One S7 session. Its calls reject with the error that ends it: `session-lost` or `protocol`, transient. */
export type Client = {
  /** Negotiated, from the S7 header on. */
  readonly pduLength: number
  /** At most 20 items that fit into the PDU both ways; `at` is the time of the answer. */
  read(items: readonly Item[]): Promise<ReadAnswer>
  write(items: readonly Item[], values: readonly ItemData[]): Promise<WriteAnswer>
  /** The CPU's clock, taken as UTC; undefined where it does not tell it. No answer does not end the session. */
  readClock(): Promise<Micros | undefined>
  /** Aborted with the error that ended the session, also by close(). */
  readonly lost: AbortSignal
  close(): Promise<void>
}

const nothing = Buffer.alloc(0)
/** Less than this holds no item worth a request. */
const leastPduLength = 64

/** Connects and agrees on PDU length and jobs. Rejects with `unreachable`, `refused`, `timeout` or `protocol`. */
export async function openClient(options: Options, signal: AbortSignal): Promise<Client> {
  const { endpoint, timeoutMs, pduSize, maxJobs } = options
  const late = () =>
    new MillraceError('unreachable', `${endpoint} did not answer within ${timeoutMs} ms`, {
      transient: true,
      hint: 'Check address, cable and firewall, and that S7 communication is on; raise timeoutMs for a slow line',
    })
  return await within(timeoutMs, signal, late, async limit => {
    const jobs = new Jobs(endpoint, timeoutMs)
    const channel = await openChannel(options, pdu => jobs.take(pdu), limit)
    jobs.begin(channel)
    try {
      const parameters = encodeSetup({ jobs: maxJobs, pduLength: pduSize })
      const answer = await orAbort(jobs.run(parameters), limit)
      if (answer.error !== 0) throw answerError(answer.error, endpoint)
      const agreed = decodeSetup(answer.parameters)
      if (agreed.pduLength < leastPduLength) {
        throw new MillraceError('protocol', `${endpoint} grants PDUs of ${agreed.pduLength} bytes`, {
          transient: true,
        })
      }
      jobs.limit = Math.max(1, Math.min(agreed.jobs, maxJobs))
      return clientOn(channel, jobs, Math.min(agreed.pduLength, pduSize))
    } catch (thrown) {
      await channel.close()
      throw thrown
    }
  })
}

function clientOn(channel: Channel, jobs: Jobs, pduLength: number): Client {
  const ask = async (fn: number, items: readonly Item[], data?: Buffer): Promise<Pdu> => {
    const answer = await jobs.run(encodeItems(fn, items), data)
    if (answer.error === 0 && (answer.parameters[0] !== fn || answer.parameters[1] !== items.length)) {
      const broken = new MillraceError('protocol', 'an answer to something else', { transient: true })
      channel.fail(broken)
      throw broken
    }
    return answer
  }
  return {
    pduLength,
    lost: channel.lost,
    async read(items) {
      const { error, data } = await ask(functionCode.read, items)
      return { error, items: error === 0 ? decodeItemData(data, items.length) : [], at: Date.now() * 1000 }
    },
    async write(items, values) {
      const { error, data } = await ask(functionCode.write, items, encodeItemData(values))
      return { error, codes: error === 0 ? decodeReturnCodes(data, items.length) : [] }
    },
    async readClock() {
      const { parameters, data } = await jobs.ask(clockRequest)
      return decodeClock(parameters, data)
    },
    close: () => channel.close(),
  }
}

/** A question that is not answered takes the place of a job for so long. */
const questionMs = 500

type Question = { readonly parameters: Buffer; readonly data: Buffer }
type Job = Question & { readonly kind: number } & PromiseWithResolvers<Pdu>
const noAnswer: Pdu = { rosctr: rosctr.userData, reference: 0, parameters: nothing, data: nothing, error: 0 }

/** Requests under way, matched to their answers by PDU reference; more wait in line. */
class Jobs {
  /** How many may be under way at a time. */
  limit = 1
  readonly #endpoint: string
  readonly #timeoutMs: number
  readonly #underWay = new Map<number, { job: Job; timer: NodeJS.Timeout }>()
  readonly #waiting: Job[] = []
  #channel: Channel | undefined
  #reference = 0

  constructor(endpoint: string, timeoutMs: number) {
    this.#endpoint = endpoint
    this.#timeoutMs = timeoutMs
  }

  begin(channel: Channel): void {
    this.#channel = channel
    channel.lost.addEventListener('abort', () => this.#end(channel.lost.reason as MillraceError), {
      once: true,
    })
  }

  run(parameters: Buffer, data: Buffer = nothing): Promise<Pdu> {
    return this.#begin({ parameters, data }, rosctr.job)
  }

  /** What a CPU need not know: resolves with an empty answer when there is none in time. */
  ask(question: Question): Promise<Pdu> {
    return this.#begin(question, rosctr.userData)
  }

  #begin(question: Question, kind: number): Promise<Pdu> {
    const job: Job = { ...question, kind, ...Promise.withResolvers<Pdu>() }
    if (this.#channel?.lost.aborted) job.reject(this.#channel.lost.reason)
    else {
      this.#waiting.push(job)
      this.#send()
    }
    return job.promise
  }

  /** @throws MillraceError `protocol` on an answer to no request */
  take(bytes: Buffer): void {
    const pdu = decodePdu(bytes)
    const found = this.#underWay.get(pdu.reference)
    // What a CPU tells by itself (diagnostics, alarms), or too late, was not asked for.
    if (pdu.rosctr === rosctr.userData && found?.job.kind !== rosctr.userData) return
    if (!found || pdu.rosctr === rosctr.job) {
      throw new MillraceError('protocol', `an answer (reference ${pdu.reference}) to no request`, {
        transient: true,
      })
    }
    clearTimeout(found.timer)
    this.#underWay.delete(pdu.reference)
    found.job.resolve(pdu)
    this.#send()
  }

  #send(): void {
    while (this.#channel && this.#underWay.size < this.limit) {
      const job = this.#waiting.shift()
      if (!job) return
      const reference = this.#nextReference()
      const ms = job.kind === rosctr.userData ? Math.min(questionMs, this.#timeoutMs) : this.#timeoutMs
      const timer = setTimeout(() => this.#late(reference), ms)
      this.#underWay.set(reference, { job, timer })
      const { kind, parameters, data } = job
      this.#channel.send(encodePdu({ rosctr: kind, reference, parameters, data, error: 0 }))
    }
  }

  #nextReference(): number {
    do this.#reference = (this.#reference % 0xffff) + 1
    while (this.#underWay.has(this.#reference))
    return this.#reference
  }

  #late(reference: number): void {
    const { job } = this.#underWay.get(reference)!
    if (job.kind === rosctr.userData) {
      this.#underWay.delete(reference)
      job.resolve(noAnswer)
      this.#send()
      return
    }
    const what = `${this.#endpoint} did not answer within ${this.#timeoutMs} ms`
    const hint =
      'Check cable and switch, and the load of the CPU (its communication share); or raise timeoutMs'
    this.#channel?.fail(new MillraceError('session-lost', what, { transient: true, hint }))
  }

  #end(error: MillraceError): void {
    for (const { job, timer } of this.#underWay.values()) {
      clearTimeout(timer)
      job.reject(error)
    }
    for (const job of this.#waiting) job.reject(error)
    this.#underWay.clear()
    this.#waiting.length = 0
  }
}
