/**
 * The contract of a connector, and its terms.
 *
 *   source     one connection to one device (a PLC, a gateway, a broker), declared in one YAML file; it serves assets
 *   tag        one measuring point of an asset; where it is in the device is its *address*, typed by the connector
 *   sample     one reading of one tag, good or bad
 *   session    one life of a connection, from connect() to the end of run()
 *
 * A connector owns the protocol and nothing else. Whoever calls it (session.ts) owns reconnecting, back-off, counting,
 * scaling, batching and the disk buffer.
 */
import type { TObject, TProperties } from 'typebox'
import type { MillraceError, Sample, Tag, Value } from '../model/index.ts'

/**
 * Resolves once every sample is durable; only then may the device or its queue be acknowledged. While the disk buffer
 * is full, or its disk, it waits: that is the back-pressure to the device. Rejects when the samples are not stored.
 * `resume` is any short text of the connector's own (a subscription id, a last time) that is stored with the samples,
 * all or nothing, and given to the next session as `Source.resume`.
 */
export type Emit = (samples: readonly Sample[], resume?: string) => Promise<void>

/**
 *   queueOverflow     the device's queue ran over between two deliveries
 *   revisedInterval   the device samples slower than was asked for
 *   missedScan        a reading that was due was not made, because the one before took too long
 *   outage            nothing could be read while the connection was down
 *   unusable          came, and can be no sample: unreadable, or no tag or asset fits
 */
export type LossCause = 'queueOverflow' | 'revisedInterval' | 'missedScan' | 'outage' | 'unusable'

/** What a connector tells about itself besides samples. Every call is cheap and never throws. */
export interface Report {
  /** The tag is bad for this reason until told otherwise with `undefined`. Its bad samples are emitted as well. */
  tag(tag: Tag, problem: MillraceError | undefined): void
  /**
   * Samples that never came: `count` of them where the protocol tells, else "unknown". No tag: of the whole source.
   * Both may be told of one cause: so many, and an unknown number more. On disk within a quarter of a second.
   */
  lost(tag: Tag | undefined, cause: LossCause, count: number | 'unknown'): void
  /**
   * So many more samples were due, by the protocol's numbers or by the schedule they are read on. A source that never
   * calls it is one whose protocol cannot tell.
   */
  expected(count: number): void
  /** The device samples or publishes at another interval than was asked for. */
  revised(tag: Tag, requestedMs: number, revisedMs: number): void
  /**
   * How far the device's clock is ahead of this server's, and within what. Absent where nobody asks; a protocol that
   * cannot compare the clocks never calls it.
   */
  clock?(offset: { readonly offsetMs: number; readonly uncertaintyMs: number }): void
}

/** A source as declared: connector options, and tags with their addresses. */
export type Source<Options, Address> = {
  readonly name: string
  readonly options: Options
  readonly tags: readonly { readonly tag: Tag; readonly address: Address }[]
  /** A folder of this source's own on the server's disk (certificates, subscription ids); exists, mode 0700. */
  readonly stateDir: string
  /** What emit() was last given as `resume`, by this service or the one it succeeds; absent at the very first session. */
  readonly resume?: string
}

/** One node of a device's own tree. */
export type Found = {
  /** Names from the root to the node. */
  readonly path: readonly string[]
  /** How a tag would name it; absent for what only holds others. */
  readonly address?: Record<string, unknown>
  /** The device's own name of the type, for people. */
  readonly type?: string
  readonly unit?: string
  readonly description?: string
}

/** One session with one device. */
export interface Connector {
  /**
   * Rejects with a transient MillraceError to be tried again, or a permanent one to stop until the configuration
   * changes. A bad tag rejects nothing: it is reported and the others run on.
   */
  connect(signal: AbortSignal): Promise<void>
  /**
   * Called once after connect(). Emits until aborted, then resolves; rejects when the session is lost or emit rejects, with
   * `fenced` where the device says that another session has what this one was given.
   */
  run(emit: Emit, signal: AbortSignal): Promise<void>
  /** Writes and resolves with the value read back. Only the guard may call it. */
  write?(tag: Tag, value: Value, signal: AbortSignal): Promise<Value>
  /** Safe before connect(), after a failed connect() and when already closed. Leaves no session behind on the device. */
  close(): Promise<void>
}

/**
 * A kind of connector, as `connectors/<kind>/index.ts` exports it and `connectors/index.ts` lists it. The schemas make
 * the YAML's check, its reference page and the types; they refuse unknown keys and describe every option.
 */
export interface ConnectorKind<Options = never, Address = never> {
  readonly kind: string
  /** Schema of a source's `options`. Quantities carry their unit in the name (`timeoutMs`). Has the key `endpoint`. */
  readonly options: TObject<TProperties>
  /** Schema of a tag's address keys, which stand beside `name`, `unit`, ... in the tag (`nodeId`, or `address`). */
  readonly address: TObject<TProperties>
  /**
   * It finds tags by itself at runtime (a wildcard, a followed folder), so that a source may declare no assets, and an
   * asset no tags. `open` refuses a source that neither declares tags nor says how to find any.
   */
  readonly discovers?: boolean
  /**
   * Whether what one session of a source is given no other is: it empties a queue, or has a subscription that moves from session
   * to session. `resume` is what the last one has left. Left out: each session reads by itself, and two read the same.
   */
  readonly isGivenOnce?: (resume: string | undefined) => boolean
  /** Its senders keep what is not taken and send it again: a full disk buffer rejects emit at once, and nothing is lost. */
  readonly refuses?: boolean
  /** URL schemes of its endpoints, so that a command which is given an address finds the connector. */
  readonly schemes: readonly string[]
  /**
   * The source options and the tag address that one URL names, as people type it for `millrace read`:
   * `s7://10.0.0.5/DB1,REAL4`, `opc.tcp://10.0.0.6:4840?ns=2;s=Press1`. Pure.
   * @throws MillraceError `bad-address` with the form that is understood
   */
  locate?(url: string): {
    readonly options: Record<string, unknown>
    readonly address: Record<string, unknown>
  }
  /** What the device offers to be read, as a tree in the order of a walk; absent where the protocol cannot tell. */
  browse?(options: Options, stateDir: string, signal: AbortSignal): AsyncIterable<Found>
  /** Opens no socket and touches no disk. @throws MillraceError `config-invalid`, naming the tag, on what no schema can tell */
  open(source: Source<Options, Address>, report: Report): Connector
}
