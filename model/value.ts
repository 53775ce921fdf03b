/** A value as a connector decodes it. Numbers are in the tag's raw unit until `scale` and `offset` are applied. */
export type Value =
  | number
  | bigint
  | boolean
  | string
  | null
  | Float32Array
  | readonly Value[]
  | { readonly [name: string]: Value }

/** A value as it stands in JSON: integers beyond 2^53 as decimal strings, NaN and infinities as strings. */
export type JsonValue = number | boolean | string | null | JsonValue[] | { [name: string]: JsonValue }

export function toJson(value: Value): JsonValue {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? value : String(value)
    case 'bigint':
      return value >= Number.MIN_SAFE_INTEGER && value <= Number.MAX_SAFE_INTEGER
        ? Number(value)
        : String(value)
    case 'object':
      if (value === null) return null
      if (value instanceof Float32Array) return Array.from(value, x => toJson(shortestFloat32(x)))
      if (isList(value)) return value.map(toJson)
      return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toJson(part)]))
    default:
      return value
  }
}

function isList(value: object): value is readonly Value[] {
  return Array.isArray(value)
}

/**
 * The double with the fewest decimal digits that still rounds to the given float32, so that a REAL of 0.1 is printed
 * as 0.1 and not as 0.10000000149011612. Nine significant digits identify every float32 (IEEE 754-2019, 5.12.2).
 */
export function shortestFloat32(value: number): number {
  if (!Number.isFinite(value) || (Number.isInteger(value) && Math.abs(value) < 2 ** 24)) return value
  const size = Math.abs(value)
  if (size >= 1e-4 && size < 1e6) return Math.sign(value) * shortestDecimal(size)
  for (let digits = 6; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits))
    if (Math.fround(candidate) === value) return candidate
  }
  return Number(value.toPrecision(9))
}

const tens = Array.from({ length: 13 }, (_, exponent) => 10 ** exponent)

/**
 * The same without text, for the sizes that measured values have. Exact: 24 bits times a power of ten up to 1e12 fit
 * into a double, and dividing whole numbers rounds as reading a decimal does.
 */
function shortestDecimal(size: number): number {
  let decimals = 5
  for (let power = 10; size >= power; power *= 10) decimals--
  for (let lead = size; lead < 1; lead *= 10) decimals++
  for (const most = decimals + 3; decimals < most; decimals++) {
    const candidate = Math.round(size * tens[decimals]!) / tens[decimals]!
    if (Math.fround(candidate) === size) return candidate
  }
  return Math.round(size * tens[decimals]!) / tens[decimals]!
}
