import { qualityOf, type Sample, status, type Tag, type Value } from '../../model/index.ts'

/**
 * Raw to unit, and the range check: a value outside keeps its value and gets the status BadOutOfRange. Arrays and
 * waveform blocks are scaled element by element, and are out of range as a whole when one element is: a status belongs
 * to a sample. Structures are not touched, because their fields have units of their own.
 */
export function inUnit(sample: Sample): Sample {
  const { tag } = sample
  const scale = scaleOf(tag)
  if (scale === undefined && tag.range === undefined) return sample
  const value = scale === undefined ? sample.value : scaled(sample.value, scale)
  const outside =
    tag.range !== undefined
      ? isOutside(value, tag.range)
      : tag.curve !== undefined && isOutside(value, anyNumber)
  const code = outside && qualityOf(sample.status) === 'good' ? status.badOutOfRange : sample.status
  return { ...sample, value, status: code }
}

/** A root of what has none is NaN, which is outside of every range. */
const anyNumber = [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY] as const

type Numeric = number | bigint
type Scale = (raw: Numeric) => Numeric

/** Made once a tag: every sample passes here. */
const scales = new WeakMap<Tag, { readonly scale: Scale | undefined }>()

function scaleOf(tag: Tag): Scale | undefined {
  const known = scales.get(tag)
  if (known) return known.scale
  const scale = makeScale(tag)
  scales.set(tag, { scale })
  return scale
}

/** Undefined where nothing is to be done, so that integers stay as the device gave them. */
function makeScale({ scale = 1, offset = 0, rawRange, unitRange, curve }: Tag): Scale | undefined {
  if (rawRange && unitRange)
    return curve ? rootBetween(rawRange, unitRange) : throughPoints(rawRange, unitRange)
  if (scale === 1 && offset === 0) return undefined
  const isWhole = Number.isSafeInteger(scale) && Number.isSafeInteger(offset)
  const [wholeScale, wholeOffset] = isWhole ? [BigInt(scale), BigInt(offset)] : []
  return raw => {
    // Whole factors keep a 64-bit integer exact.
    if (typeof raw === 'bigint' && wholeScale !== undefined && wholeOffset !== undefined)
      return raw * wholeScale + wholeOffset
    return Number(raw) * scale + offset
  }
}

/** The line through (rawLow, unitLow) and (rawHigh, unitHigh); multiplied before dividing, so that both ends are met. */
function throughPoints(
  [rawLow, rawHigh]: readonly [number, number],
  [unitLow, unitHigh]: readonly [number, number],
): Scale {
  const rawSpan = rawHigh - rawLow
  const unitSpan = unitHigh - unitLow
  return raw => unitLow + ((Number(raw) - rawLow) * unitSpan) / rawSpan
}

/** From the first point to the second with the square root of the way there; before the first point it is NaN. */
function rootBetween(
  [rawLow, rawHigh]: readonly [number, number],
  [unitLow, unitHigh]: readonly [number, number],
): Scale {
  return raw => unitLow + (unitHigh - unitLow) * Math.sqrt((Number(raw) - rawLow) / (rawHigh - rawLow))
}

function scaled(value: Value, scale: Scale): Value {
  if (typeof value === 'number' || typeof value === 'bigint') return scale(value)
  if (value instanceof Float32Array) return value.map(raw => Number(scale(raw)))
  if (isList(value)) return value.map(part => scaled(part, scale))
  return value
}

/** NaN is outside of every range. */
function isOutside(value: Value, [low, high]: readonly [number, number]): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return !(value >= low && value <= high)
  if (value instanceof Float32Array) return value.some(x => !(x >= low && x <= high))
  return isList(value) && value.some(part => isOutside(part, [low, high]))
}

function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}
