import type { Part, Signal } from '../../model/index.ts'
import type { PartsOptions } from './options.ts'

/** Whether each of the last known parts was scrap. */
export type Share = { last: boolean[] }

/** The signal of a `parts` processor: how many of the last parts are scrap, %. A part that is not known changes nothing. */
export function shareSignal(state: Share, part: Part, options: PartsOptions['scrapShare']): Signal {
  if (part.verdict !== 'not-known') state.last.push(part.verdict === 'scrap')
  if (state.last.length > options.parts) state.last.shift()
  const { warning, alarm } = options
  const limits = { ...(warning !== undefined && { warning }), ...(alarm !== undefined && { alarm }) }
  return {
    v: 1,
    asset: part.asset,
    signal: part.parts,
    processor: 'parts',
    t: part.t,
    unit: '%',
    ...(Object.keys(limits).length > 0 && { limits }),
    ...judgement(state, part, options),
    details: { part: part.part ?? part.id, verdict: part.verdict },
    evidence: part.evidence,
  }
}

function judgement(
  { last }: Share,
  part: Part,
  { warning = Number.POSITIVE_INFINITY, alarm = Number.POSITIVE_INFINITY }: PartsOptions['scrapShare'],
): Pick<Signal, 'value' | 'verdict' | 'reason'> {
  const told = `the last part is ${part.verdict === 'not-known' ? 'not known' : part.verdict}: ${part.reason}`
  if (last.length === 0) return { value: null, verdict: 'not-known', reason: `No part is known yet; ${told}` }
  const scrap = last.filter(Boolean).length
  const value = Number(((100 * scrap) / last.length).toPrecision(6))
  const verdict = value > alarm ? 'alarm' : value > warning ? 'warning' : 'normal'
  return { value, verdict, reason: `${scrap} of the last ${last.length} parts are scrap; ${told}` }
}
