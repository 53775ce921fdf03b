import { isDeepStrictEqual } from 'node:util'
import type { SourceSpec } from '../../config/plant.ts'
import { aborted } from '../../model/index.ts'
import type { PlantFeed } from '../plant-feed.ts'

/** One source until `signal` aborts; it is to settle soon after. */
type Keep = (spec: SourceSpec, signal: AbortSignal) => Promise<void>

type Running = {
  readonly spec: SourceSpec
  readonly isRetired: boolean
  readonly stop: AbortController
  readonly ended: Promise<void>
}

/**
 * Keeps running what the plant declares, until aborted: at each change only sources that are new, gone or declared
 * otherwise are started and stopped. `retire` gets what is gone: samples of it may still wait on disk.
 * Rejects, having ended all, when one rejects.
 */
export async function runSources(
  plants: PlantFeed,
  signal: AbortSignal,
  keep: Keep,
  retire: Keep,
): Promise<void> {
  const running = new Map<string, Running>()
  const failed = new AbortController()
  const end = AbortSignal.any([signal, failed.signal])

  const start = (spec: SourceSpec, isRetired: boolean) => {
    const stop = new AbortController()
    const how = isRetired ? retire : keep
    const ended = how(spec, AbortSignal.any([end, stop.signal])).catch(error => failed.abort(error))
    running.set(spec.name, { spec, isRetired, stop, ended })
  }

  const reconcile = async () => {
    const wanted = new Map(plants.current.sources.map(spec => [spec.name, spec]))
    const asWanted = ({ spec, isRetired }: Running) =>
      isRetired ? !wanted.has(spec.name) : isDeepStrictEqual(spec, wanted.get(spec.name))
    const changed = [...running.values()].filter(one => !asWanted(one))
    for (const { stop } of changed) stop.abort()
    await Promise.all(changed.map(({ ended }) => ended))
    for (const { spec } of changed) {
      running.delete(spec.name)
      if (!wanted.has(spec.name)) start(spec, true)
    }
    for (const spec of wanted.values()) if (!running.has(spec.name)) start(spec, false)
  }

  while (!end.aborted) {
    const next = plants.next()
    await reconcile()
    await aborted(AbortSignal.any([next, end]))
  }
  await Promise.all([...running.values()].map(({ ended }) => ended))
  if (failed.signal.aborted) throw failed.signal.reason
}
