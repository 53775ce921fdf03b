import type { Label, ModelChoice, Signal } from '../../model/index.ts'

/** How far one model was off over whole lives that have ended since. */
export type Judged = { readonly lives: number; readonly predictions: number; readonly rmse: number }

export type Comparison = { readonly active: Judged; readonly shadow: Judged }

type Seen = { readonly t: number; readonly active: number | null; readonly shadow: number | null }

const hour = 3_600_000_000

/**
 * What the active model and the shadow said of the same observations, against what then became true: the hours of
 * operation from there to the failure, an observation being `everyMs` of operation.
 */
export function compare(
  signals: readonly Signal[],
  labels: readonly Label[],
  choice: Pick<ModelChoice, 'active' | 'shadow'>,
  { name, everyMs, cap }: { readonly name: string; readonly everyMs: number; readonly cap: number },
): Comparison {
  const errors = { active: [] as number[], shadow: [] as number[] }
  const judgedLives = { active: 0, shadow: 0 }
  for (const life of endedLives(signals, labels, choice, name)) {
    for (const role of ['active', 'shadow'] as const) {
      const before = errors[role].length
      life.forEach((seen, i) => {
        const said = seen[role]
        const truth = Math.min(cap, ((life.length - 1 - i) * everyMs * 1_000) / hour)
        if (said !== null) errors[role].push(said - truth)
      })
      if (errors[role].length > before) judgedLives[role]++
    }
  }
  const judged = (role: 'active' | 'shadow'): Judged => ({
    lives: judgedLives[role],
    predictions: errors[role].length,
    rmse: Math.sqrt(errors[role].reduce((sum, e) => sum + e * e, 0) / errors[role].length),
  })
  return { active: judged('active'), shadow: judged('shadow') }
}

/** Of each life that ended in a failure: its observations, and what either model said of them. */
function endedLives(
  signals: readonly Signal[],
  labels: readonly Label[],
  choice: Pick<ModelChoice, 'active' | 'shadow'>,
  name: string,
): Seen[][] {
  const ends = labels
    .filter(({ what }) => what === 'failed' || what === 'repaired')
    .sort((a, b) => a.at - b.at)
  return ends
    .filter(({ what }) => what === 'failed')
    .map(({ asset, at }) => {
      const begin = ends.filter(end => end.asset === asset && end.at < at).at(-1)?.at ?? -Infinity
      return seenOf(
        signals.filter(signal => signal.asset === asset && signal.t > begin && signal.t <= at),
        choice,
        name,
      )
    })
    .filter(life => life.length > 0)
}

function seenOf(
  signals: readonly Signal[],
  { active, shadow }: Pick<ModelChoice, 'active' | 'shadow'>,
  name: string,
): Seen[] {
  const times = [...new Set(signals.filter(({ signal }) => signal === name).map(({ t }) => t))].sort(
    (a, b) => a - b,
  )
  const byModel = (id: string | null) =>
    new Map(
      signals
        .filter(({ details, signal }) => details?.model === id && signal !== `${name}-health`)
        .map(({ t, value }) => [t, value]),
    )
  const [ofActive, ofShadow] = [byModel(active), byModel(shadow)]
  return times.map(t => ({ t, active: ofActive.get(t) ?? null, shadow: ofShadow.get(t) ?? null }))
}

/** Why the rule lets the shadow take over, or does not: it must not have been worse over so many whole lives. */
export function ruleOf(
  { active, shadow }: Comparison,
  choice: Pick<ModelChoice, 'active' | 'shadow'>,
  trainedRmse: number,
  lives: number,
): { readonly promotes: boolean; readonly reason: string } {
  const said = `the shadow ${choice.shadow} was off by ${shadow.rmse.toFixed(1)} h over ${shadow.lives} lives`
  if (shadow.lives < lives)
    return { promotes: false, reason: `the shadow has seen ${shadow.lives} of ${lives} lives to their end` }
  if (choice.active === null || active.predictions === 0) {
    const promotes = shadow.rmse <= 1.25 * trainedRmse
    return { promotes, reason: `${said}, in training by ${trainedRmse.toFixed(1)} h; no model is active` }
  }
  const promotes = shadow.rmse <= active.rmse
  return { promotes, reason: `${said}, the active one by ${active.rmse.toFixed(1)} h` }
}
