import type { Label, TelemetryRecord } from '../../model/index.ts'
import { type Gathering, type GatherState, gather, newGatherState, type Observation } from './gather.ts'
import type { Run } from './train.ts'

type Asset = { gathered: GatherState; observations: Observation[]; due: Label[]; alarmed: boolean }

/** Cuts the telemetry of a class into lives, as it goes through the gathering that serves. */
export type Lives = {
  /** Records of one asset in their order. */
  add(record: TelemetryRecord): void
  /** The lives that ended in a failure, and how many labels said so; what still runs or was repaired in time is left out. */
  ended(): { readonly runs: readonly Run[]; readonly labels: Record<string, number> }
}

/**
 * A life ends by `failed`, or by `repaired` after an alarm that was judged true: the asset was as good as failed. Any
 * other repair only begins a new one.
 * @param gathering by the asset, because tags are; undefined for an asset that is not of the class
 */
export function livesOf(
  labels: readonly Label[],
  gathering: (asset: string) => Gathering | undefined,
): Lives {
  const assets = new Map<string, Asset>()
  const runs: Run[] = []
  const used: Record<string, number> = {}
  const assetOf = (id: string, setup: Gathering): Asset => {
    const known = assets.get(id)
    if (known) return known
    const due = labels.filter(({ asset }) => asset === id).sort((a, b) => a.at - b.at)
    const made = { gathered: newGatherState(setup.tags.length), observations: [], due, alarmed: false }
    assets.set(id, made)
    return made
  }
  const apply = (id: string, asset: Asset, { what, at }: Label, tags: number): void => {
    used[what] = (used[what] ?? 0) + 1
    if (what === 'true-alarm') asset.alarmed = true
    if (what === 'true-alarm' || what === 'false-alarm') return
    if ((what === 'failed' || asset.alarmed) && asset.observations.length > 0)
      runs.push({ asset: id, observations: asset.observations })
    asset.observations = []
    asset.alarmed = false
    asset.gathered = { ...newGatherState(tags), t: at }
  }
  return {
    add(record) {
      const setup = gathering(record.asset)
      if (setup === undefined || record.t.length === 0) return
      const asset = assetOf(record.asset, setup)
      const first = record.t.reduce((least, t) => Math.min(least, t))
      while (asset.due.length > 0 && asset.due[0]!.at < first)
        apply(record.asset, asset, asset.due.shift()!, setup.tags.length)
      asset.observations.push(...gather(asset.gathered, record, setup))
    },
    ended() {
      for (const [id, asset] of assets) {
        const size = asset.gathered.last.length
        for (const label of asset.due.splice(0)) apply(id, asset, label, size)
      }
      return { runs, labels: used }
    },
  }
}
