import type { PlantProblem } from './problem.ts'
import { below, type Found } from './select.ts'

/** What no schema can tell of one tag. */
export function checkTag(tag: Found): PlantProblem[] {
  return [
    ...checkRate(tag),
    ...checkRange(tag),
    ...checkScale(tag),
    ...checkPoints(tag),
    ...checkAggregate(tag),
  ]
}

const one = (tag: Found, key: string): unknown => below(tag, key)[0]?.value

function checkRate(tag: Found): PlantProblem[] {
  const { file, path } = tag
  const rate = one(tag, 'sampleRateHz')
  if (one(tag, 'class') === 'waveform' && rate === undefined)
    return [file.problem([...path, 'class'], 'a waveform needs "sampleRateHz"')]
  if (one(tag, 'class') !== 'telemetry' || rate === undefined) return []
  const message = 'only a tag of class waveform has "sampleRateHz"'
  return [file.problem([...path, 'sampleRateHz'], message, { at: 'key' })]
}

function checkRange(tag: Found): PlantProblem[] {
  const [low, high] = pair(tag, 'range') ?? []
  if (low === undefined || high === undefined || low < high) return []
  const message = `must be [low, high]; ${low} is not below ${high}`
  return [tag.file.problem([...tag.path, 'range'], message)]
}

function checkScale(tag: Found): PlantProblem[] {
  if (one(tag, 'scale') !== 0) return []
  return [tag.file.problem([...tag.path, 'scale'], 'must not be 0: every value would be the offset')]
}

/** rawRange and unitRange go together, name two different points each, and stand instead of scale and offset. */
function checkPoints(tag: Found): PlantProblem[] {
  const { file, path } = tag
  const at = (key: string, message: string) => file.problem([...path, key], message, { at: 'key' })
  const written = ['rawRange', 'unitRange'].filter(key => one(tag, key) !== undefined)
  const curve = one(tag, 'curve') !== undefined
  if (written.length === 0) return curve ? [at('curve', '"curve" needs "rawRange" and "unitRange"')] : []
  if (written.length === 1) return [at(written[0]!, '"rawRange" and "unitRange" go together')]
  const others = ['scale', 'offset'].filter(key => one(tag, key) !== undefined)
  return [
    ...others.map(key => at(key, `"rawRange" and "unitRange" stand instead of "${key}"`)),
    ...written
      .filter(key => isOnePoint(pair(tag, key)))
      .map(key => file.problem([...path, key], 'must be two different values')),
  ]
}

function checkAggregate(tag: Found): PlantProblem[] {
  const { file, path } = tag
  const aggregate = one(tag, 'aggregate')
  if (aggregate !== undefined && one(tag, 'class') === 'waveform')
    return [file.problem([...path, 'aggregate'], 'a waveform is not aggregated', { at: 'key' })]
  if (one(tag, 'wrap') === undefined || aggregate === 'counter') return []
  return [file.problem([...path, 'wrap'], 'only a tag with "aggregate: counter" has "wrap"', { at: 'key' })]
}

function isOnePoint(values: readonly [number, number] | undefined): boolean {
  return values !== undefined && values[0] === values[1]
}

function pair(tag: Found, key: string): readonly [number, number] | undefined {
  const [low, high] = below(tag, key, '*').map(({ value }) => value)
  return typeof low === 'number' && typeof high === 'number' ? [low, high] : undefined
}
