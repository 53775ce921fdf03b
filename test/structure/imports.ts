import { readFileSync } from 'node:fs'
import { join, normalize } from 'node:path'
import { projectRoot } from './sources.ts'

export type Import = {
  /** The importing file, from the project's root. */
  file: string
  specifier: string
  /** The imported file, from the project's root, when it is one of the project. */
  target?: string
  /** The imported package (`@scope/name`, `node:fs`), when it is one. */
  package?: string
}

export function importsOf(file: string): Import[] {
  return specifiersIn(readFileSync(join(projectRoot, file), 'utf8')).map(specifier =>
    resolved(file, specifier),
  )
}

function resolved(file: string, specifier: string): Import {
  if (!specifier.startsWith('.') && !specifier.startsWith('/')) {
    const parts = specifier.split('/')
    return { file, specifier, package: parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/') }
  }
  return { file, specifier, target: normalize(join(file, '..', specifier)) }
}

const comment = String.raw`/\*(?:[^*]|\*(?!/))*\*/|//[^\n]*\n`
const space = `(?:\\s|${comment})*`
/** What may stand between `import` or `export` and `from`: names, braces, stars, comments. */
const names = String.raw`(?:${comment}|/(?![*/])|[^'"\u0060;/])*?`
const name = String.raw`[^\s'"\u0060$]+`
const quoted = String.raw`(['"])(${name})\1`
const quotedOrTemplate = String.raw`(['"\u0060])(${name})\1`
/** `from 'x'` of import and export, types or not; `import 'x'`; `import('x')`, also in types; `require('x')`. */
const readable = [
  String.raw`(?<!['"\u0060])\b(?:import|export)\b${names}\bfrom${space}${quoted}`,
  String.raw`(?<!['"\u0060])\bimport${space}${quoted}`,
  String.raw`\b(?:import|require)${space}\(${space}${quotedOrTemplate}`,
].map(source => new RegExp(source, 'g'))

/**
 * What a text imports. Comments and strings are not taken out first, because what tells them apart can be fooled: a
 * mention in one may count as an import, and an import is never missed. Only a string that begins with an import
 * statement is passed over.
 */
export function specifiersIn(text: string): string[] {
  return readable.flatMap(pattern => [...text.matchAll(pattern)].map(match => match[2]!))
}

const computed = new RegExp(String.raw`\b(?:import|require)${space}\((?!${space}['"\u0060])`)
const interpolated = new RegExp(String.raw`\b(?:import|require)${space}\(${space}\u0060[^\u0060]*\$\{`)

/** Whether a file imports by a name that is computed. */
export function isUnreadable(file: string): boolean {
  return importsByComputedName(readFileSync(join(projectRoot, file), 'utf8'))
}

export function importsByComputedName(text: string): boolean {
  return computed.test(text) || interpolated.test(text)
}
