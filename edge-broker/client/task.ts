import { MillraceError } from '../../model/index.ts'
import type { Kafka, OutRecord, Place, Position, Task } from '../kafka.ts'
import type { Settings } from './connection.ts'
import { kafkaError } from './errors.ts'
import { highestEpoch, type Partition } from './offsets.ts'
import { abandon, type Holder, type Ownership, raise, takeBack, takeOver } from './ownership.ts'
import { type Patience, patience, persist, within } from './patience.ts'
import { lanesOf, type MillraceProducer } from './producing.ts'
import { currentPositions, settlePartitions, type Transactional, transact } from './transaction.ts'

/** How long close() tries to abort what a failed commit left open, ms. */
const partingMs = 2_000

/** Positions remember epochs, too, and cannot be asked: more takeovers than this are not forgotten by one power cut. */
const leastRaise = 4

type TaskOptions = Parameters<Kafka['task']>[0]

/**
 * Fences the predecessor and settles what it left; only then there is a task. After an error in a commit only the
 * positions tell whether it went through. So an error drops the producer, and no commit is taken before the positions
 * were read; reading them first takes the id back, which settles the transaction.
 */
export async function openTask(settings: Settings, options: TaskOptions): Promise<Task> {
  const { id } = options
  const holder = { settings, id }
  const { producer, ownership } = await takeOver(
    holder,
    patience(`open task ${id}`, settings.timeoutMs, options.signal),
  )
  return new TransactionalTask(settings.timeoutMs, options, holder, ownership, producer)
}

class TransactionalTask implements Task {
  readonly #timeoutMs: number
  readonly #options: TaskOptions
  readonly #holder: Holder
  #ownership: Ownership
  #producer: MillraceProducer | undefined
  #outcomeUnknown = false
  #end: MillraceError | undefined
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    timeoutMs: number,
    options: TaskOptions,
    holder: Holder,
    ownership: Ownership,
    producer: MillraceProducer,
  ) {
    this.#timeoutMs = timeoutMs
    this.#options = options
    this.#holder = holder
    this.#ownership = ownership
    this.#producer = producer
  }

  positions(of: readonly Place[]): Promise<Position[]> {
    return this.#inTurn('read the positions of', async time => {
      const found = await persist(time, () => this.#use(time, held => currentPositions(held, of, time)))
      this.#outcomeUnknown = false
      return found
    })
  }

  commit(records: readonly OutRecord[], positions: readonly Position[]): Promise<void> {
    return this.#inTurn('commit', async time => {
      if (this.#outcomeUnknown) throw positionsUnread(this.#options.id)
      if (records.length === 0 && positions.length === 0) return // a transaction without anything cannot be ended
      await this.#use(time, held => transact(held, lanesOf(records), positions, time))
    })
  }

  settle(partitions: readonly Partition[]): Promise<void> {
    return this.#inTurn('settle the transactions of', async time => {
      if (this.#outcomeUnknown) throw positionsUnread(this.#options.id)
      await this.#raise(time, partitions)
      await this.#use(time, held => settlePartitions(held, partitions, time))
    })
  }

  async close(): Promise<void> {
    this.#end ??= new MillraceError('internal', `task ${this.#options.id} is closed`)
    await this.#turn
    const time = patience(`abandon the transaction of ${this.#options.id}`, partingMs)
    if (this.#ownership.openSince !== undefined && this.#end.code !== 'fenced') {
      await abandon(this.#holder, time, this.#ownership).catch(() => {}) // the coordinator does so after its timeout
    }
    await this.#drop()
  }

  /** One after the other, and none after the end. */
  #inTurn<T>(what: string, work: (time: Patience) => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => {
      if (this.#end) throw this.#end
      return work(patience(`${what} ${this.#options.id}`, this.#timeoutMs, this.#options.signal))
    })
    this.#turn = turn.catch(thrown => {
      if (thrown instanceof MillraceError && thrown.code === 'fenced') this.#end = thrown
    })
    return turn
  }

  /** Any error drops the producer and leaves the outcome open. */
  async #use<T>(time: Patience, work: (held: Transactional) => Promise<T>): Promise<T> {
    const { id, group } = this.#options
    const producer = await this.#producerInHand(time)
    try {
      return await within(time, work({ id, group, producer, ownership: this.#ownership }))
    } catch (thrown) {
      this.#outcomeUnknown = true
      await this.#drop()
      throw await this.#verdict(kafkaError(thrown, time.doing))
    }
  }

  async #producerInHand(time: Patience): Promise<MillraceProducer> {
    if (this.#producer) return this.#producer
    const { producer, ownership } = await takeBack(this.#holder, time, this.#ownership)
    this.#ownership = ownership
    this.#producer = producer
    return producer
  }

  /** A fencing error may also mean that the coordinator's patience with our transaction was over: that is transient. */
  async #verdict(error: MillraceError): Promise<MillraceError> {
    if (error.code !== 'fenced') return error
    const time = patience(`take back ${this.#options.id}`, this.#timeoutMs, this.#options.signal)
    try {
      await this.#producerInHand(time)
      return timedOut(error)
    } catch (thrown) {
      return kafkaError(thrown, time.doing)
    }
  }

  /**
   * Where the coordinator has forgotten the last takeovers, it gives epochs out again, and partitions that remember more
   * would take what is new under them for repeats, or refuse the marks.
   */
  async #raise(time: Patience, partitions: readonly Partition[]): Promise<void> {
    const { producer, ownership } = await this.#raised(time)
    const highest = await highestEpoch(producer, time, partitions, ownership.producerId)
    for (let n = 1; n < leastRaise || this.#ownership.producerEpoch <= highest; n++) await this.#raised(time)
  }

  async #raised(time: Patience): Promise<Transactional> {
    const { id, group } = this.#options
    await this.#drop()
    const { producer, ownership } = await raise(this.#holder, time, this.#ownership)
    this.#ownership = ownership
    this.#producer = producer
    return { id, group, producer, ownership }
  }

  async #drop(): Promise<void> {
    const producer = this.#producer
    this.#producer = undefined
    await producer?.close().catch(() => {})
  }
}

function positionsUnread(id: string): MillraceError {
  return new MillraceError('internal', `the last commit of ${id} failed and may have gone through`, {
    hint: 'Read the positions and go on from there',
  })
}

function timedOut(error: MillraceError): MillraceError {
  return new MillraceError('broker-unavailable', `${error.message}: the transaction took too long`, {
    transient: true,
    cause: error,
    hint: 'Commit less at a time, or see why the brokers are slow',
  })
}
