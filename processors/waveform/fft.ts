import FFT from 'fft.js'

/** Twiddle tables by size: constants, computed once. */
const transforms = new Map<number, FFT>()

/** `size` is a power of two. */
export function transformOf(size: number): FFT {
  const known = transforms.get(size)
  if (known) return known
  const made = new FFT(size)
  transforms.set(size, made)
  return made
}
