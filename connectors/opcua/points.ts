import type { Tag } from '../../model/index.ts'
import type { Address, Options } from './options.ts'

export type Declared = { readonly tag: Tag; readonly address: Address }

/** The tags of a source by how they are read. */
export type Points = {
  readonly subscribed: readonly Declared[]
  readonly polled: readonly Declared[]
  readonly events: readonly Declared[]
  readonly followed: readonly Declared[]
}

export function pointsOf(tags: readonly Declared[]): Points {
  const where = (test: (declared: Declared) => boolean) => tags.filter(test)
  const single = where(({ address }) => address.follow === undefined)
  return {
    subscribed: single.filter(({ address }) => address.mode !== 'poll'),
    polled: single.filter(({ address }) => address.mode === 'poll'),
    events: where(({ address }) => address.follow === 'events'),
    followed: where(({ address }) => address.follow === 'variables'),
  }
}

/** How often a tag is looked at, ms; 0: at every change. */
export function samplingOf(address: Address, options: Options): number {
  return address.samplingIntervalMs ?? options.samplingIntervalMs ?? options.publishingIntervalMs
}
