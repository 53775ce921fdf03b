import type { DataType, Variant } from 'node-opcua-client'
import { MillraceError, type Value } from '../../model/index.ts'
import { builtIn } from './decode.ts'
import type { Stack } from './stack.ts'

const ranges: Readonly<Record<number, readonly [bigint, bigint]>> = {
  [builtIn.SByte]: [-(2n ** 7n), 2n ** 7n - 1n],
  [builtIn.Byte]: [0n, 2n ** 8n - 1n],
  [builtIn.Int16]: [-(2n ** 15n), 2n ** 15n - 1n],
  [builtIn.UInt16]: [0n, 2n ** 16n - 1n],
  [builtIn.Int32]: [-(2n ** 31n), 2n ** 31n - 1n],
  [builtIn.UInt32]: [0n, 2n ** 32n - 1n],
  [builtIn.Int64]: [-(2n ** 63n), 2n ** 63n - 1n],
  [builtIn.UInt64]: [0n, 2n ** 64n - 1n],
}

/**
 * A value as the built-in type of a node; arrays by their elements. A value that the type cannot hold exactly (a
 * fraction as an integer, a number out of range) is refused, not bent.
 * @throws MillraceError `bad-type`
 */
export function variantOf(stack: Stack, dataType: number, value: Value): Variant {
  const list = value instanceof Float32Array ? Array.from(value) : value
  const isList = Array.isArray(list)
  return new stack.Variant({
    dataType: dataType as DataType,
    arrayType: isList ? stack.VariantArrayType.Array : stack.VariantArrayType.Scalar,
    value: isList ? list.map(part => rawOf(stack, dataType, part)) : rawOf(stack, dataType, list as Value),
  })
}

function rawOf(stack: Stack, dataType: number, value: Value): unknown {
  const range = ranges[dataType]
  if (range) return integerOf(dataType, value, range)
  switch (dataType) {
    case builtIn.Boolean:
      return typeof value === 'boolean' ? value : misfit(dataType, value)
    case builtIn.Float:
    case builtIn.Double:
      return typeof value === 'number' ? value : misfit(dataType, value)
    case builtIn.String:
    case builtIn.Guid:
      return typeof value === 'string' ? value : misfit(dataType, value)
    case builtIn.DateTime:
      return dateOf(value)
    case builtIn.ByteString:
      return typeof value === 'string' ? Buffer.from(value, 'base64') : misfit(dataType, value)
    case builtIn.LocalizedText:
      return new stack.LocalizedText(textOf(value))
    default:
      return misfit(dataType, value)
  }
}

function integerOf(dataType: number, value: Value, [low, high]: readonly [bigint, bigint]): unknown {
  if (typeof value !== 'bigint' && !Number.isSafeInteger(value)) return misfit(dataType, value)
  const big = BigInt(value as number | bigint)
  if (big < low || big > high) return misfit(dataType, value)
  const bits = BigInt.asUintN(64, big)
  const pair = dataType === builtIn.Int64 || dataType === builtIn.UInt64
  return pair ? [Number(bits >> 32n), Number(bits & 0xffffffffn)] : Number(big)
}

/** With what is finer than a millisecond beside it, as the stack wants it. */
function dateOf(value: Value): Date {
  const date = new Date(typeof value === 'string' ? value : Number.NaN)
  if (Number.isNaN(date.getTime())) return misfit(builtIn.DateTime, value)
  const [, ticks = '0'] = /\.\d{3}(\d{1,4})/.exec(String(value)) ?? []
  return Object.assign(date, { picoseconds: Number(ticks.padEnd(4, '0')) * 100_000 })
}

function textOf(value: Value): { text: string; locale: string | null } {
  if (typeof value === 'string') return { text: value, locale: null }
  const { text, locale } = (value ?? {}) as { text?: Value; locale?: Value }
  if (typeof text !== 'string') return misfit(builtIn.LocalizedText, value)
  return { text, locale: typeof locale === 'string' ? locale : null }
}

function misfit(dataType: number, value: Value): never {
  const name = Object.entries(builtIn).find(([, id]) => id === dataType)?.[0] ?? `type ${dataType}`
  throw new MillraceError('bad-type', `${String(value)} is not a value of ${name}`, {
    hint: 'Give a value that the type of the node in the server can hold exactly',
  })
}
