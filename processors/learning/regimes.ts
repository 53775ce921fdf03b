import type { FeatureSpec } from '../../model/index.ts'
import { seededRandom } from './random.ts'

type Regimes = FeatureSpec['regimes']

/** Index of the nearest centre, and how far it is. */
export function nearestCentre(
  centres: readonly { readonly centre: readonly number[] }[],
  point: readonly number[],
): { readonly at: number; readonly distance: number } {
  let at = 0
  let best = Number.POSITIVE_INFINITY
  for (let i = 0; i < centres.length; i++) {
    const distance = squared(centres[i]!.centre, point)
    if (distance < best) {
      best = distance
      at = i
    }
  }
  return { at, distance: Math.sqrt(best) }
}

export function scaled(settings: readonly number[], scale: readonly number[]): number[] {
  return settings.map((value, i) => value / scale[i]!)
}

function squared(a: readonly number[], b: readonly number[]): number {
  let sum = 0
  for (let i = 0; i < a.length; i++) sum += (a[i]! - b[i]!) ** 2
  return sum
}

const most = 12
/** Settings that lie closer than this share of their whole spread are one regime. */
const tight = 0.01

/**
 * Centres of the settings: as few as leave every cluster tight, found by k-means from spread-out seeds (Arthur and
 * Vassilvitskii 2007). One centre where the settings do not fall into clusters: inputs are then not normalised by
 * regime, which is told by there being one.
 */
export function regimeCentres(points: readonly number[][]): Pick<Regimes[number], 'centre'>[] {
  if (points.length === 0 || points[0]!.length === 0) return [{ centre: [] }]
  const looked = thinned(points, 2_000)
  for (let k = 1; k <= most; k++) {
    const centres = bestOf(looked, k)
    if (spreadOf(looked, centres) < tight) return centres
  }
  return bestOf(looked, 1)
}

function thinned<T>(all: readonly T[], count: number): T[] {
  const stride = Math.max(1, Math.floor(all.length / count))
  return all.filter((_, i) => i % stride === 0)
}

type Centre = { centre: number[] }

function bestOf(points: readonly number[][], k: number): Centre[] {
  const tries = Array.from({ length: k === 1 ? 1 : 4 }, (_, seed) => kMeans(points, k, seed + 1))
  return tries.reduce((best, next) => (spreadOf(points, next) < spreadOf(points, best) ? next : best))
}

function kMeans(points: readonly number[][], k: number, seed: number): Centre[] {
  let centres = seeds(points, k, seededRandom(seed))
  for (let round = 0; round < 20; round++) {
    const next = centres.map(({ centre }) => ({ sum: centre.map(() => 0), count: 0 }))
    for (const point of points) {
      const to = next[nearestCentre(centres, point).at]!
      point.forEach((value, i) => {
        to.sum[i]! += value
      })
      to.count++
    }
    centres = next.map(({ sum, count }, i) =>
      count === 0 ? centres[i]! : { centre: sum.map(value => value / count) },
    )
  }
  return centres
}

function seeds(points: readonly number[][], k: number, random: () => number): Centre[] {
  const centres: Centre[] = [{ centre: [...points[Math.floor(random() * points.length)]!] }]
  while (centres.length < k) {
    const weights = points.map(point => nearestCentre(centres, point).distance ** 2)
    let rest = random() * weights.reduce((sum, weight) => sum + weight, 0)
    const at = weights.findIndex(weight => {
      rest -= weight
      return rest <= 0
    })
    centres.push({ centre: [...points[Math.max(0, at)]!] })
  }
  return centres
}

/** Mean distance to the nearest centre; the scaled settings spread by about 1. */
function spreadOf(points: readonly number[][], centres: readonly Centre[]): number {
  return points.reduce((sum, point) => sum + nearestCentre(centres, point).distance, 0) / points.length
}
