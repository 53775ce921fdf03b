import { parse } from 'yaml'
import { MillraceError } from '../model/index.ts'

/** `--option key=value`, as often as there are options; the value as YAML has it: numbers, true, text, {a: b}. */
export function optionList(pairs: readonly string[] = []): Record<string, unknown> {
  return Object.fromEntries(pairs.map(pair => [keyOf(pair), valueOfPair(pair)]))
}

function keyOf(pair: string): string {
  const at = pair.indexOf('=')
  if (at > 0) return pair.slice(0, at)
  throw new MillraceError('config-invalid', `--option "${pair}" is not understood`, {
    hint: 'Write --option key=value',
  })
}

function valueOfPair(pair: string): unknown {
  const text = pair.slice(pair.indexOf('=') + 1)
  try {
    return parse(text)
  } catch {
    return text
  }
}
