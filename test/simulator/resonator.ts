/**
 * One mode of vibration as a two-pole filter over equidistant samples.
 * @param damping part of critical damping
 * @returns the response to the next sample; a unit blow rings with an amplitude of about 1
 */
export function resonator(rateHz: number, frequencyHz: number, damping: number): (input: number) => number {
  const w = (2 * Math.PI * frequencyHz) / rateHz
  const r = Math.exp(-damping * w)
  const a1 = 2 * r * Math.cos(w * Math.sqrt(1 - damping ** 2))
  const a2 = -r * r
  const gain = Math.sin(w)
  let y1 = 0
  let y2 = 0
  return input => {
    const y = a1 * y1 + a2 * y2 + gain * input
    y2 = y1
    y1 = y
    return y
  }
}
