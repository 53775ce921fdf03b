/** What one vibration block costs: from the block to the signal, through the processor as a plant declares it. */
import type { ProcessorEvent, Tag } from '../../model/index.ts'
import { chainFor, runChain, type States } from '../../processors/chain.ts'
import type { SignalSpec } from '../../processors/index.ts'
import { createRandom } from '../../test/simulator/random.ts'
import type { Row } from '../row.ts'

const samples = 16_384
const rateHz = 12_800
const warmUpLots = 2
const lots = 10
const blocksALot = 15
const goalMs = 15

const asset = 'bench/hall/line-1/press-1'
const tags: Tag[] = [
  { asset, name: 'acceleration', class: 'waveform', unit: 'g' },
  { asset, name: 'speed', class: 'telemetry', unit: '1/min' },
]
const envelope = {
  processor: 'vibration',
  name: 'bearing',
  tag: 'acceleration',
  bearing: { model: '6205-2RS JEM' },
  everyMs: 0,
}

/** Time of the processor, as the median of ten lots: what else the machine does must not count. */
export async function measure(): Promise<Row[]> {
  const row = (name: string, value: number): Row => ({
    name,
    value,
    unit: 'ms',
    goal: goalMs,
    met: value < goalMs,
  })
  return [
    row(
      'envelope verdict, 16,384 samples',
      cpuMs({ ...envelope, rpm: 1_500 }, () => 1_500),
    ),
    row(
      'the same at a speed that changes, by order tracking',
      cpuMs({ ...envelope, rpmTag: 'speed' }, share => 1_500 + 200 * share),
    ),
    row(
      'vibration level, 16,384 samples',
      cpuMs({ processor: 'vibration-level', name: 'level', tag: 'acceleration', everyMs: 0 }, () => 1_500),
    ),
  ]
}

/** `rpmAt` gives the speed at a share of the block. */
function cpuMs(signal: SignalSpec, rpmAt: (share: number) => number): number {
  const chain = chainFor({ id: asset, tags, signals: [signal] }, [])
  const states: States = new Map()
  const random = createRandom(1, 'bench')
  const took: number[] = []
  for (let lot = 0; lot < warmUpLots + lots; lot++) {
    const numbers = Array.from({ length: blocksALot }, (_, i) => lot * blocksALot + i + 1)
    const blocks = numbers.map(n => blockOf(n, noise(random)))
    const start = process.cpuUsage()
    for (const [i, n] of numbers.entries()) {
      runChain(states, chain, speedsOf(n, rpmAt))
      const outputs = runChain(states, chain, blocks[i]!)
      if (outputs.every(({ topic }) => topic !== 'signals')) throw new Error('the block made no signal')
    }
    const { user, system } = process.cpuUsage(start)
    if (lot >= warmUpLots) took.push((user + system) / 1_000 / blocksALot)
  }
  return took.sort((a, b) => a - b)[lots / 2]!
}

function noise(random: ReturnType<typeof createRandom>): Float32Array {
  return Float32Array.from({ length: samples }, () => random.gaussian())
}

const endOf = (n: number) => n * 2_000_000

function blockOf(n: number, content: Float32Array): ProcessorEvent {
  const of = {
    asset,
    tag: 'acceleration',
    source: 'bench',
    epoch: 1,
    seq: 2 * n,
    unit: 'g',
    status: 0,
    rateHz,
  }
  return { kind: 'waveform', block: { ...of, t: endOf(n), samples: content } }
}

/** Ten a second, up to the end of the block. */
function speedsOf(n: number, rpmAt: (share: number) => number): ProcessorEvent {
  const length = (samples / rateHz) * 1e6
  const shares = Array.from({ length: 14 }, (_, i) => i / 13)
  const record = {
    v: 1 as const,
    asset,
    source: 'bench',
    epoch: 1,
    seq: 2 * n - 1,
    tags: ['speed'],
    tag: shares.map(() => 0),
    t: shares.map(share => Math.round(endOf(n) - (1 - share) * length)),
    value: shares.map(rpmAt),
    status: shares.map(() => 0),
  }
  return { kind: 'telemetry', record }
}
