/**
 * By what a sensor is known: its level and the usual step between two samples. A sensor that was exchanged comes back from a break
 * with another level and another noise; a unit that was changed at the device scales both by the same factor.
 */
export type Signature = {
  n: number
  level: number
  noise: number
  last: number
  /** What has come since a break or a jump, until it can be compared. */
  fresh: { n: number; level: number; noise: number; broke: boolean } | null
}

export type Change = {
  readonly from: number
  readonly to: number
  readonly noise: number
  readonly unit: boolean
}

const learned = 200
const compared = 100
/**
 * bar, psi, kPa; mm, inch; 1/min, 1/s; decimal prefixes. Smaller ones (km/h and m/s, a power of ten) are not told: a machine's
 * own changes of load are as large, and would be taken for them.
 */
const factors = [6.89476, 14.5038, 25.4, 60, 100, 1_000].flatMap(k => [k, 1 / k])

export function newSignature(): Signature {
  return { n: 0, level: 0, noise: 0, last: 0, fresh: null }
}

/** Adds a good sample; tells a change once enough has come to be sure of it. */
export function compare(signature: Signature, value: number, afterBreak: boolean): Change | undefined {
  const step = Math.abs(value - signature.last)
  signature.last = value
  if (signature.n >= learned && signature.noise > 0) {
    if (afterBreak) signature.fresh = { n: 0, level: value, noise: 0, broke: true }
    else if (signature.fresh === null && step > 20 * signature.noise)
      signature.fresh = { n: 0, level: value, noise: 0, broke: false }
    else if (signature.fresh !== null) return collect(signature, value, step)
    if (signature.fresh !== null) return undefined
  }
  const share = Math.max(0.005, 1 / (signature.n + 1))
  if (signature.n > 0 && !afterBreak)
    signature.noise += Math.max(0.005, 1 / signature.n) * (step - signature.noise)
  signature.level += share * (value - signature.level)
  signature.n++
  return undefined
}

function collect(signature: Signature, value: number, step: number): Change | undefined {
  const fresh = signature.fresh!
  fresh.n++
  fresh.level += (value - fresh.level) / (fresh.n + 1)
  fresh.noise += (step - fresh.noise) / fresh.n
  if (fresh.n < compared) return undefined
  const { level, noise } = signature
  signature.fresh = null
  signature.level = fresh.level
  const ratio = fresh.noise / noise
  const unit = isOtherUnit(level, fresh.level, ratio)
  const other = Math.abs(fresh.level - level) > 10 * noise && (ratio > 3 || ratio < 1 / 3)
  if (!unit && !(fresh.broke && other)) return undefined
  return { from: level, to: fresh.level, noise: ratio, unit }
}

function isOtherUnit(from: number, to: number, noise: number): boolean {
  const near = (a: number, b: number, share: number) => Math.abs(a - b) <= share * Math.abs(b)
  const scaled = factors.some(k => near(to, k * from, 0.02) && near(noise, k, 0.25))
  const fahrenheit = near(to, 1.8 * from + 32, 0.02) && near(noise, 1.8, 0.25)
  const celsius = near(to, (from - 32) / 1.8, 0.02) && near(noise, 1 / 1.8, 0.25)
  return scaled || fahrenheit || celsius
}
