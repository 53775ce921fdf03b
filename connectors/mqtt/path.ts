import type { Value } from '../../model/index.ts'

/**
 * Steps of a path into JSON: RFC 6901 where it begins with `/`, else keys and indices between dots. One path names one
 * value, which JSONPath's filters and wildcards do not.
 */
export function stepsOf(path: string): readonly string[] {
  if (!path.startsWith('/')) return path.split('.')
  return path
    .slice(1)
    .split('/')
    .map(step => step.replaceAll('~1', '/').replaceAll('~0', '~'))
}

/** The RFC 6901 pointer of the steps. */
export function pointerOf(steps: readonly string[]): string {
  return steps.map(step => `/${step.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** The value at the steps; undefined where there is none. Sees own keys alone, and of a list its indices. */
export function at(json: Value, steps: readonly string[]): Value | undefined {
  let value: Value | undefined = json
  for (const step of steps) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, step)) return undefined
    if (step === 'length' && Array.isArray(value)) return undefined
    value = (value as Readonly<Record<string, Value>>)[step]
  }
  return value
}
