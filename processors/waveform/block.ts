import { qualityOf, type WaveformBlock } from '../../model/index.ts'

/** What must stay the same from block to block for figures to be compared. */
export type Shape = { readonly unit: string; readonly rateHz: number }

export function shapeOf({ unit, rateHz }: WaveformBlock): Shape {
  return { unit, rateHz }
}

/** What differs between two blocks, as a sentence's beginning; undefined where nothing does, or there was none before. */
export function whatChanged(before: Shape | null, block: WaveformBlock): string | undefined {
  if (before === null) return undefined
  if (before.unit !== block.unit) return `the unit changed from "${before.unit}" to "${block.unit}"`
  if (before.rateHz !== block.rateHz)
    return `the sample rate changed from ${before.rateHz} to ${block.rateHz} Hz`
  return undefined
}

/** A sensor that does not move for so long, in a share of the block, and at least in samples, was cut off meanwhile. */
const stillShare = 0.02
const stillSamples = 64

/** Why the block's samples cannot be computed with, or undefined. */
export function whyUnusable({ status, rateHz, samples }: WaveformBlock): string | undefined {
  if (qualityOf(status) !== 'good') return `the block is of ${qualityOf(status)} quality`
  if (!(rateHz > 0 && Number.isFinite(rateHz))) return `the block has the sample rate ${rateHz}`
  const odd = samples.findIndex(x => !Number.isFinite(x))
  if (odd >= 0) return `the block holds samples that are not finite (the first is number ${odd + 1})`
  const still = longestRun(samples)
  if (samples.length > 1 && still === samples.length)
    return 'all samples of the block are the same, check sensor and cable'
  if (still >= Math.max(stillSamples, stillShare * samples.length))
    return `${still} samples on end are the same, check sensor and cable`
  return undefined
}

function longestRun(samples: Float32Array): number {
  let longest = 0
  let run = 0
  for (let i = 0; i < samples.length; i++) {
    run = i > 0 && samples[i] === samples[i - 1] ? run + 1 : 1
    if (run > longest) longest = run
  }
  return longest
}

/** Fewer samples at the end of the range than these may be there by chance. */
const fewest = 8
/** Samples that come near an end of the range, and do not reach it, are this near; wider for coarse sensors. */
const near = 0.02
const nearCoarse = 0.1

/**
 * The share of samples at an end of the sensor's range, where they pile up: at the largest value stand, next to each
 * other, more than twice as many as come near it. 0 where nothing is clipped.
 */
export function clippedShare(samples: Float32Array): number {
  return (piledUp(samples, 1) + piledUp(samples, -1)) / samples.length
}

function piledUp(samples: Float32Array, side: 1 | -1): number {
  const { top, second } = topTwo(samples, side)
  if (!(top > 0)) return 0
  const band = top * (1 - (top - second > near * 0.5 * top ? nearCoarse : near))
  let at = 0
  let paired = 0
  let close = 0
  for (let i = 0; i < samples.length; i++) {
    const x = side * samples[i]!
    if (x === top) {
      at++
      if (samples[i + 1] === samples[i] || samples[i - 1] === samples[i]) paired++
    } else if (x >= band) close++
  }
  return paired >= fewest && at > 2 * close ? at : 0
}

/** The two largest different values. */
function topTwo(samples: Float32Array, side: 1 | -1): { top: number; second: number } {
  let top = Number.NEGATIVE_INFINITY
  let second = top
  for (const sample of samples) {
    const x = side * sample
    if (x > top) {
      second = top
      top = x
    } else if (x < top && x > second) second = x
  }
  return { top, second }
}
