import {
  type Chain,
  type Micros,
  MillraceError,
  type Output,
  type Processor,
  type ProcessorEvent,
} from '../model/index.ts'
import { AggregateOptions, aggregate } from './aggregate/index.ts'
import type { ProcessorAsset, ProcessorKind, SignalSpec } from './contract.ts'
import { processorKinds } from './index.ts'
import { checkedOptions } from './options.ts'

export type ChainAsset = ProcessorAsset & { readonly signals: readonly SignalSpec[] }

export type ChainOptions = {
  readonly aggregate?: Partial<AggregateOptions>
  readonly kinds?: readonly ProcessorKind[]
}

/** States by the processor's name; a missing one is a new one. */
export type States = Map<string, unknown>

/**
 * The aggregates, the declared signals in their order, and `last`, which sees all of them: the alarm life cycle.
 * @throws MillraceError `config-invalid`, naming asset and signal; never after a plant has passed its check
 */
export function chainFor(
  asset: ChainAsset,
  last: readonly Processor<unknown>[],
  options: ChainOptions = {},
): Chain {
  const { kinds = processorKinds } = options
  const windows = checkedOptions(AggregateOptions, options.aggregate ?? {}, 'aggregate') as AggregateOptions
  const processors: Processor<unknown>[] = [
    aggregate(asset, windows),
    ...asset.signals.map(spec => declared(asset, spec, kinds)),
    ...last,
  ]
  refuseDoubleNames(asset, processors)
  return { asset: asset.id, processors }
}

function declared(
  asset: ProcessorAsset,
  spec: SignalSpec,
  kinds: readonly ProcessorKind[],
): Processor<unknown> {
  const { processor, name, ...given } = spec
  const where = `${asset.id}, signal ${name}`
  const kind = kinds.find(kind => kind.kind === processor)
  if (kind === undefined) {
    throw new MillraceError('config-invalid', `${where}: no processor "${processor}"`, {
      hint: `There are ${kinds.map(kind => kind.kind).join(', ')}`,
    })
  }
  // The options have passed this kind's schema; its type parameter is not known here.
  return kind.create(asset, { ...checkedOptions(kind.options, given, where), name } as never)
}

/** The names are the keys of the states, and of the alarms. */
function refuseDoubleNames(asset: ProcessorAsset, processors: readonly Processor<unknown>[]): void {
  const names = processors.map(({ name }) => name)
  const double = names.find((name, at) => names.indexOf(name) < at)
  if (double === undefined) return
  throw new MillraceError('config-invalid', `${asset.id}: "${double}" is the name of two processors`, {
    hint: 'Give every signal of an asset its own name; "aggregate" and "alarms" are taken',
  })
}

/** Steps every processor of the asset in order, and changes `states`. What one gives out as a signal or part, the later ones see. */
export function runChain(states: States, chain: Chain, event: ProcessorEvent): Output[] {
  const events = [event]
  const outputs: Output[] = []
  for (const processor of chain.processors) {
    const given = events.flatMap(one => stepped(states, processor, one))
    outputs.push(...given)
    events.push(...given.flatMap(seenLater))
  }
  return outputs
}

/** What the later processors of the chain see of an output. */
function seenLater(output: Output): ProcessorEvent[] {
  if (output.topic === 'signals') return [{ kind: 'signal', signal: output.value }]
  if (output.topic === 'parts') return [{ kind: 'part', part: output.value }]
  return []
}

/** The same at a tick. Names the processors whose state has changed, and leaves the others' as they are. */
export function runTick(
  states: States,
  chain: Chain,
  t: Micros,
): { readonly outputs: readonly Output[]; readonly changed: ReadonlySet<string> } {
  const outputs: Output[] = []
  const changed = new Set<string>()
  for (const processor of chain.processors) {
    const { name } = processor
    const before = states.has(name) ? states.get(name) : processor.initial()
    const [after, given] = processor.step(before, { kind: 'tick', t })
    if (after !== before || given.length > 0) {
      states.set(name, after)
      changed.add(name)
    }
    const earlier = outputs.flatMap(seenLater)
    outputs.push(...given)
    for (const event of earlier) {
      changed.add(name)
      outputs.push(...stepped(states, processor, event))
    }
  }
  return { outputs, changed }
}

function stepped(states: States, processor: Processor<unknown>, event: ProcessorEvent): readonly Output[] {
  const { name } = processor
  const [state, outputs] = processor.step(states.has(name) ? states.get(name) : processor.initial(), event)
  states.set(name, state)
  return outputs
}

/** The key of an output's Kafka record: the alarm's id, or the asset. */
export function keyOf(output: Output): string {
  return output.topic === 'alarms' || output.topic === 'alarm-events' ? output.value.id : output.value.asset
}
