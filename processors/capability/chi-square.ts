/**
 * The value that a chi square of `degrees` degrees of freedom does not exceed with probability `p`, by bisection of the
 * regularised incomplete gamma function (Abramowitz and Stegun 6.5.29, 26.4.19). Good to nine digits up to 10,000 degrees.
 */
export function chiSquareQuantile(p: number, degrees: number): number {
  let low = 0
  let high = degrees + 40 * Math.sqrt(2 * degrees) + 40
  for (let i = 0; i < 100 && high - low > 1e-11 * high; i++) {
    const middle = (low + high) / 2
    if (lowerGamma(degrees / 2, middle / 2) < p) low = middle
    else high = middle
  }
  return (low + high) / 2
}

/** P(a, x): e^-x x^a / gamma(a + 1) times the sum of x^n / ((a + 1) ... (a + n)). */
function lowerGamma(a: number, x: number): number {
  let term = 1
  let sum = 1
  for (let n = 1; n < 100_000 && term > sum * 1e-16; n++) {
    term *= x / (a + n)
    sum += term
  }
  return Math.min(1, sum * Math.exp(a * Math.log(x) - x - logGamma(a + 1)))
}

/** Stirling's series (Abramowitz and Stegun 6.1.41), after moving z up to where it is exact to 1e-13. */
function logGamma(z: number): number {
  let moved = 0
  for (; z < 12; z++) moved += Math.log(z)
  const inverse = 1 / (z * z)
  const series = (1 / 12 - inverse * (1 / 360 - inverse * (1 / 1260 - inverse / 1680))) / z
  return (z - 0.5) * Math.log(z) - z + Math.log(2 * Math.PI) / 2 + series - moved
}
