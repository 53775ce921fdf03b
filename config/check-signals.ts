import { coded, type Tag } from '../model/index.ts'
import { nearest } from '../model/nearest.ts'
import type { ProcessorAsset, ProcessorKind, SignalSpec } from '../processors/contract.ts'
import type { Kinds } from './kinds.ts'
import type { PlantProblem } from './problem.ts'
import { below, type Found, type IsSound, textsBelow } from './select.ts'
import { type TagEntry, tagOf } from './tag.ts'

/** That an asset's signals name tags it has, and what their processors have against them. */
export function checkSignals(asset: Found, kinds: Kinds, isSound: IsSound): PlantProblem[] {
  const names = textsBelow(asset, 'tags', '*', 'name').map(({ value }) => value)
  const tags = tagsOf(asset, isSound)
  const problems = below(asset, 'signals', '*').flatMap((signal, i, signals) => {
    const unknown = [...unknownTags(signal, names), ...notEarlier(signal, signals.slice(0, i), signals)]
    if (unknown.length > 0 || !isSound(signal) || tags === undefined) return unknown
    return creation(asset, tags, signal, kinds)
  })
  return [...problems, ...reservedNames(asset)]
}

/** Names of what runs beside the declared signals, in the same place (`chainFor`), and of the signals it gives. */
const reserved: readonly unknown[] = ['aggregate', 'alarms', 'clock', 'not-aggregated']

function reservedNames(asset: Found): PlantProblem[] {
  return below(asset, 'signals', '*', 'name')
    .filter(({ value }) => reserved.includes(value))
    .map(({ file, path, value }) =>
      file.problem(path, `a signal cannot be named "${value}": that name is taken`),
    )
}

/** Undefined while one of them is not sound: a processor would then miss a tag that is there. */
function tagsOf(asset: Found, isSound: IsSound): Tag[] | undefined {
  const id = textsBelow(asset, 'id')[0]?.value
  const tags = below(asset, 'tags', '*')
  if (id === undefined || !tags.every(isSound)) return undefined
  return tags.map(({ value }) => tagOf(id, value as TagEntry))
}

/** By convention an option called `tag`, or whose name ends in `Tag`, names a tag of the same asset. */
function unknownTags(signal: Found, names: readonly string[]): PlantProblem[] {
  const keys = Object.keys(signal.value ?? {}).filter(key => key === 'tag' || key.endsWith('Tag'))
  return keys
    .flatMap(key => textsBelow(signal, key))
    .filter(({ value }) => !names.includes(value))
    .map(({ file, path, value }) => {
      const suggestion = nearest(value, names)
      return file.problem(path, `this asset has no tag "${value}"`, { suggestion })
    })
}

/**
 * By convention an option called `ofSignal` names a signal of the same asset, and one called `parts` a signal of that kind,
 * declared before: only those it can see.
 */
function notEarlier(signal: Found, earlier: readonly Found[], all: readonly Found[]): PlantProblem[] {
  const cuts = (signals: readonly Found[]) =>
    signals.filter(one => textsBelow(one, 'processor')[0]?.value === 'parts')
  return [
    ...unseen(textsBelow(signal, 'ofSignal'), 'signal', earlier, all),
    ...unseen(textsBelow(signal, 'parts'), 'parts processor', cuts(earlier), cuts(all)),
  ]
}

function unseen(
  named: readonly Found<string>[],
  what: string,
  earlier: readonly Found[],
  all: readonly Found[],
): PlantProblem[] {
  const namesOf = (signals: readonly Found[]) =>
    signals.flatMap(one => textsBelow(one, 'name')).map(({ value }) => value)
  const names = namesOf(earlier)
  return named
    .filter(({ value }) => !names.includes(value))
    .map(({ file, path, value }) =>
      namesOf(all).includes(value)
        ? file.problem(path, `the ${what} "${value}" must be declared before the one that follows it`)
        : file.problem(path, `this asset has no ${what} "${value}"`, { suggestion: nearest(value, names) }),
    )
}

function creation(asset: Found, tags: readonly Tag[], signal: Found, kinds: Kinds): PlantProblem[] {
  const spec = signal.value as SignalSpec
  const kind = kinds.processors.find(({ kind }) => kind === spec.processor)
  if (kind === undefined) return []
  const [assetClass] = [...textsBelow(asset, 'class'), ...textsBelow(asset, 'template')]
  const declared = {
    id: String(below(asset, 'id')[0]?.value),
    tags,
    ...(assetClass && { class: assetClass.value }),
  }
  const message = refusal(kind, declared, spec)
  return message === undefined ? [] : [signal.file.problem(signal.path, message)]
}

function refusal(kind: ProcessorKind, asset: ProcessorAsset, spec: SignalSpec): string | undefined {
  const { processor: _, ...options } = spec
  try {
    // The options have passed this kind's schema; its type parameter is not known here.
    kind.create(asset, options as never)
    return undefined
  } catch (error) {
    return coded(error, 'internal', `the processor "${kind.kind}" failed`).explanation
  }
}
