import type { ParameterValue } from './template-schema.ts'

/** `${name}`, `${name+4}`, or whatever else stands between the braces; `$${` is a plain `${`. */
const placeholder = /\$(\$\{)|\$\{([^}]*)\}/g
const inside = /^\s*([a-z][A-Za-z0-9_]*)\s*(?:([+-])\s*(\d{1,9})\s*)?$/

export type Reference = { readonly name: string; readonly computes: boolean }

/** What the placeholders of a text name; undefined in place of one that is not understood. */
export function referencesIn(text: string): (Reference | undefined)[] {
  return [...text.matchAll(placeholder)].flatMap(([, escaped, body]) => {
    if (escaped !== undefined) return []
    const [, name, sign] = inside.exec(body ?? '') ?? []
    return [name === undefined ? undefined : { name, computes: sign !== undefined }]
  })
}

/** The same data with every placeholder filled in; a text that is one placeholder alone gets the value as it is. */
export function filled(data: unknown, values: ReadonlyMap<string, ParameterValue>): unknown {
  if (typeof data === 'string') return filledText(data, values)
  if (Array.isArray(data)) return data.map(item => filled(item, values))
  if (typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, filled(value, values)]))
}

function filledText(text: string, values: ReadonlyMap<string, ParameterValue>): ParameterValue {
  const [first] = text.matchAll(placeholder)
  if (first?.[0] === text && first[2] !== undefined) return referenceValue(first[2], values)
  return text.replaceAll(placeholder, (_, escaped, body) => escaped ?? String(referenceValue(body, values)))
}

/** Only called after a check that every name is there, and that what is computed with is a whole number. */
function referenceValue(body: string, values: ReadonlyMap<string, ParameterValue>): ParameterValue {
  const [, name = '', sign, by] = inside.exec(body) ?? []
  const value = values.get(name) ?? ''
  if (sign === undefined) return value
  const sum = Number(value) + (sign === '-' ? -Number(by) : Number(by))
  return typeof value === 'number' ? sum : String(sum)
}
