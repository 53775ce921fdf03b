/** Overall figures of one block, about its mean, in the block's unit. */
export type Statistics = {
  readonly rms: number
  readonly peak: number
  /** peak / rms; about 3 to 5 for a sound machine */
  readonly crest: number
  /** Fourth moment over the square of the second: 3 for Gaussian noise, more when impulses stand out. */
  readonly kurtosis: number
  /** Median of the kurtosis of 16 parts: high when impulses go on all the time, not after a single blow. */
  readonly lastingKurtosis: number
}

const parts = 16

/** All are 0 for a block without a change; the kurtosis is not finite where a sample is not. */
export function statisticsOf(samples: Float32Array): Statistics {
  const whole = momentsOf(samples)
  const length = Math.floor(samples.length / parts)
  const kurtosises = Array.from({ length: parts }, (_, i) =>
    kurtosisOf(momentsOf(samples.subarray(i * length, (i + 1) * length))),
  )
  const rms = Math.sqrt(whole.m2)
  return {
    rms,
    peak: whole.peak,
    crest: rms === 0 ? 0 : whole.peak / rms,
    kurtosis: kurtosisOf(whole),
    lastingKurtosis: kurtosises.sort((a, b) => a - b)[parts / 2]!,
  }
}

/** Second and fourth moment about the mean, and the largest distance from it. */
type Moments = { readonly m2: number; readonly m4: number; readonly peak: number }

function momentsOf(samples: Float32Array): Moments {
  const n = samples.length
  let sum = 0
  for (const x of samples) sum += x
  const mean = sum / n
  let squares = 0
  let fourths = 0
  let peak = 0
  for (const x of samples) {
    const square = (x - mean) ** 2
    squares += square
    fourths += square * square
    peak = Math.max(peak, square)
  }
  return { m2: squares / n, m4: fourths / n, peak: Math.sqrt(peak) }
}

function kurtosisOf({ m2, m4 }: Moments): number {
  return m2 === 0 ? 0 : m4 / (m2 * m2)
}
