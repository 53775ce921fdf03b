/**
 * The contract of a processor kind, and its terms.
 *
 *   kind       what can be declared as `processor: <kind>` in a machine's YAML
 *   processor  one declared instance, working for one asset; pure (model/processor.ts)
 *   verdict    what a processor makes of a signal: normal, warning, alarm, or not-known with the reason
 *
 * A kind is one file or folder here and one line in index.ts.
 */
import type { TObject, TProperties } from 'typebox'
import type { AssetId, Processor, Tag } from '../model/index.ts'

/** What a processor may know of its asset. */
export type ProcessorAsset = {
  readonly id: AssetId
  readonly tags: readonly Tag[]
  /** Assets of one class share trained models. */
  readonly class?: string
}

/** One declared signal of an asset: `processor` is a kind, `name` the signal's, the rest the kind's options. */
export type SignalSpec = {
  readonly processor: string
  readonly name: string
  readonly [option: string]: unknown
}

export interface ProcessorKind<Options = never> {
  readonly kind: string
  /** Schema of the keys beside `processor` and `name`; refuses unknown ones, describes every one, holds the defaults. */
  readonly options: TObject<TProperties>
  /**
   * `options` have passed the schema and carry its defaults. The processor gives out the signal `options.name`.
   * @throws MillraceError `config-invalid`, naming asset and signal, on what no schema can tell
   */
  create(asset: ProcessorAsset, options: Options & { readonly name: string }): Processor<unknown>
}
