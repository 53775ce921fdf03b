/**
 * A small dense autoencoder that learns from a stream: standardised inputs, one hidden layer of tanh, linear outputs. It is
 * a denoising one (Vincent et al. 2008): inputs are hidden from it at random, and it learns to tell them from the others,
 * so that a value that is wrong cannot explain itself. Trained by Adam (Kingma and Ba 2015) on the newest row and on rows seen before. Everything is plain JSON data, and
 * nothing is random but for the seed: the same rows give the same network, byte for byte.
 */
export type Network = {
  readonly inputs: number
  readonly hidden: number
  /** Scales of the inputs, by Welford (1962), while they are learned. */
  count: number
  mean: number[]
  squares: number[]
  /** [hidden][inputs] and hidden biases, [inputs][hidden] and output biases, one after the other. */
  weights: number[]
  /** First and second moments of the gradients, and how often they were renewed; empty once learning has ended. */
  first: number[]
  second: number[]
  steps: number
  /** Rows seen before, a uniform sample of all of them (Vitter 1985, algorithm R). */
  kept: number[][]
  random: number
}

export type Learning = {
  readonly rate: number
  readonly keptRows: number
  readonly updatesPerRow: number
}

const beta1 = 0.9
const beta2 = 0.999

export function newNetwork(inputs: number, hidden: number): Network {
  const size = 2 * inputs * hidden + hidden + inputs
  const network: Network = {
    inputs,
    hidden,
    count: 0,
    mean: zeros(inputs),
    squares: zeros(inputs),
    weights: zeros(size),
    first: zeros(size),
    second: zeros(size),
    steps: 0,
    kept: [],
    random: 0x9e3779b9,
  }
  const reach = 1 / Math.sqrt(inputs)
  for (let i = 0; i < size; i++) network.weights[i] = rounded((2 * uniform(network) - 1) * reach)
  return network
}

/** Takes one row of finite numbers, in the units of their tags, and trains on it and on some of those before. */
export function learn(network: Network, row: readonly number[], learning: Learning): void {
  scaleBy(network, row)
  keep(network, row, learning.keptRows)
  const gradient = zeros(network.weights.length)
  for (let i = 0; i < learning.updatesPerRow; i++) {
    const one = i === 0 ? row : network.kept[Math.floor(uniform(network) * network.kept.length)]!
    gradientOf(network, standardised(network, one), gradient)
    descend(network, gradient, learning.rate)
  }
  roundAll(network)
}

/**
 * One small step after learning has ended, by plain gradient descent and forgetting scales: a process drifts, and its
 * model with it.
 */
export function follow(network: Network, row: readonly number[], rate: number): void {
  const { weights, mean, squares, count } = network
  const gradient = zeros(weights.length)
  gradientOf(network, standardised(network, row), gradient)
  for (let i = 0; i < weights.length; i++) weights[i] = rounded(weights[i]! - rate * gradient[i]!)
  for (let i = 0; i < row.length; i++) {
    const from = row[i]! - mean[i]!
    mean[i] = mean[i]! + 0.1 * rate * from
    squares[i] = squares[i]! + 0.1 * rate * (from * from * (count - 1) - squares[i]!)
  }
}

/** Drops what only learning needs. */
export function endLearning(network: Network): void {
  Object.assign(network, { first: [], second: [], kept: [] })
}

/** What the network expects of each value from all the others, in the units of the tags. */
export function reconstructed(network: Network, row: readonly number[]): number[] {
  const { inputs, hidden, weights, mean } = network
  const x = standardised(network, row)
  const sums = innerSums(network, x)
  const outer = hidden * inputs + hidden
  return x.map((value, i) => {
    let output = weights[outer + inputs * hidden + i]!
    for (let h = 0; h < hidden; h++) {
      output += weights[outer + i * hidden + h]! * Math.tanh(sums[h]! - weights[h * inputs + i]! * value)
    }
    return mean[i]! + output * deviation(network, i)
  })
}

/** Standard deviation of an input so far; 1 for one that has not moved. */
export function deviation({ count, squares }: Network, i: number): number {
  const variance = count > 1 ? squares[i]! / (count - 1) : 0
  return variance > 0 ? Math.sqrt(variance) : 1
}

export const isConstant = ({ squares }: Network, i: number): boolean => squares[i] === 0

const zeros = (length: number) => new Array<number>(length).fill(0)

/** Seven digits: the state travels as text. */
const rounded = (value: number) => Number(value.toPrecision(7))

function roundAll(network: Network): void {
  for (const list of [network.weights, network.first, network.second]) {
    for (let i = 0; i < list.length; i++) list[i] = rounded(list[i]!)
  }
}

/** Beyond eight deviations a value says no more than that, and tanh and gradients stay in their range. */
function standardised(network: Network, row: readonly number[]): number[] {
  return row.map((value, i) => Math.max(-8, Math.min(8, (value - network.mean[i]!) / deviation(network, i))))
}

function scaleBy(network: Network, row: readonly number[]): void {
  network.count += 1
  for (let i = 0; i < row.length; i++) {
    const from = row[i]! - network.mean[i]!
    network.mean[i] = network.mean[i]! + from / network.count
    network.squares[i] = network.squares[i]! + from * (row[i]! - network.mean[i]!)
  }
}

function keep(network: Network, row: readonly number[], most: number): void {
  if (network.kept.length < most) network.kept.push([...row])
  else {
    const at = Math.floor(uniform(network) * network.count)
    if (at < most) network.kept[at] = [...row]
  }
}

function innerSums({ inputs, hidden, weights }: Network, x: readonly number[]): number[] {
  const sums = zeros(hidden)
  for (let h = 0; h < hidden; h++) {
    let sum = weights[hidden * inputs + h]!
    for (let i = 0; i < inputs; i++) sum += weights[h * inputs + i]! * x[i]!
    sums[h] = sum
  }
  return sums
}

/** Of the squared errors of the hidden inputs, by back-propagation, into `gradient`; about every fourth is hidden. */
function gradientOf(network: Network, x: readonly number[], gradient: number[]): void {
  const { inputs, hidden, weights } = network
  const hides = x.map(() => uniform(network) < 0.12)
  const seen = x.map((value, i) => (hides[i] ? 0 : value))
  const inner = innerSums(network, seen).map(Math.tanh)
  const outer = hidden * inputs + hidden
  const back = zeros(hidden)
  gradient.fill(0)
  for (let i = 0; i < inputs; i++) {
    if (!hides[i]) continue
    let output = weights[outer + inputs * hidden + i]!
    for (let h = 0; h < hidden; h++) output += weights[outer + i * hidden + h]! * inner[h]!
    const error = output - x[i]!
    gradient[outer + inputs * hidden + i] = error
    for (let h = 0; h < hidden; h++) {
      gradient[outer + i * hidden + h] = error * inner[h]!
      back[h] = back[h]! + error * weights[outer + i * hidden + h]!
    }
  }
  for (let h = 0; h < hidden; h++) {
    const error = back[h]! * (1 - inner[h]! ** 2)
    gradient[hidden * inputs + h] = error
    for (let i = 0; i < inputs; i++) gradient[h * inputs + i] = error * seen[i]!
  }
}

function descend(network: Network, gradient: readonly number[], rate: number): void {
  network.steps += 1
  const { weights, first, second, steps } = network
  const fresh1 = 1 - beta1 ** steps
  const fresh2 = 1 - beta2 ** steps
  for (let i = 0; i < weights.length; i++) {
    const slope = gradient[i]!
    first[i] = beta1 * first[i]! + (1 - beta1) * slope
    second[i] = beta2 * second[i]! + (1 - beta2) * slope * slope
    weights[i] = weights[i]! - (rate * (first[i]! / fresh1)) / (Math.sqrt(second[i]! / fresh2) + 1e-8)
  }
}

/** mulberry32, its state in the network. */
function uniform(network: Network): number {
  network.random = (network.random + 0x6d2b79f5) >>> 0
  let z = network.random
  z = Math.imul(z ^ (z >>> 15), z | 1)
  z ^= z + Math.imul(z ^ (z >>> 7), z | 61)
  return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32
}
