import { nearest } from '../model/nearest.ts'
import { referencesIn } from './placeholder.ts'
import type { Path, PlantProblem } from './problem.ts'
import { repeated, select } from './select.ts'
import { type TemplateFile, templateSchema } from './template-schema.ts'
import { validate } from './validate.ts'
import type { YamlFile } from './yaml.ts'

export type Template = {
  readonly file: YamlFile
  /** Absent when the file has mistakes of its own: they are told once, not again for every instance. */
  readonly value?: TemplateFile
  /** Parameters that are computed with, and so must be whole numbers. */
  readonly computed: ReadonlySet<string>
}

/** The templates of a plant by name, and what is wrong with them whatever their instances are. */
export function readTemplates(files: readonly YamlFile[]): {
  templates: ReadonlyMap<string, Template>
  problems: PlantProblem[]
} {
  const readable = files.filter(file => file.problems.length === 0)
  const checked = readable.map(file => ({ file, problems: checkTemplate(file) }))
  const named = checked.flatMap(({ file, problems }): [string, Template][] => {
    const name = select(file, 'template')[0]?.value
    return typeof name === 'string' ? [[name, templateOf(file, problems.length === 0)]] : []
  })
  const names = readable.flatMap(file => select(file, 'template'))
  return {
    templates: new Map(named.toReversed()),
    problems: [...checked.flatMap(({ problems }) => problems), ...repeated(names, 'the template name')],
  }
}

function templateOf(file: YamlFile, sound: boolean): Template {
  const references = textsIn(file).flatMap(({ text }) => referencesIn(text))
  const computed = new Set(references.flatMap(found => (found?.computes ? [found.name] : [])))
  return { file, computed, ...(sound && { value: file.value as TemplateFile }) }
}

function checkTemplate(file: YamlFile): PlantProblem[] {
  const ofShape = validate(templateSchema, file)
  if (ofShape.length > 0) return ofShape
  const declared = Object.keys((file.value as TemplateFile).parameters)
  const texts = textsIn(file)
  const used = new Set(texts.flatMap(({ text }) => referencesIn(text).map(found => found?.name)))
  return [
    ...declared.flatMap(name => checkParameter(file, name, used.has(name))),
    ...texts.flatMap(({ path, text }) => checkReferences(file, path, text, declared)),
  ]
}

function checkParameter(file: YamlFile, name: string, isUsed: boolean): PlantProblem[] {
  const at = (message: string) => [file.problem(['parameters', name], message, { at: 'key' })]
  if (!/^[a-z][A-Za-z0-9_]*$/.test(name))
    return at('the name of a parameter is a letter in lower case, then letters, digits and "_"')
  return isUsed ? [] : at(`the parameter "${name}" is not used: nothing here says \${${name}}`)
}

function checkReferences(
  file: YamlFile,
  path: Path,
  text: string,
  declared: readonly string[],
): PlantProblem[] {
  return referencesIn(text).flatMap(found => {
    if (found === undefined)
      return [file.problem(path, 'not understood: write ${parameter}, ${parameter+4}, or $${ for a plain ${')]
    if (declared.includes(found.name)) return []
    const suggestion = nearest(found.name, declared)
    return [file.problem(path, `this template has no parameter "${found.name}"`, { suggestion })]
  })
}

type Text = { readonly path: Path; readonly text: string }

/** Every text in which a placeholder counts. */
function textsIn(file: YamlFile): Text[] {
  const value = file.value as Record<string, unknown>
  return ['name', 'description', 'tags', 'signals'].flatMap(key => textsAt([key], value?.[key]))
}

function textsAt(path: Path, value: unknown): Text[] {
  if (typeof value === 'string') return [{ path, text: value }]
  if (typeof value !== 'object' || value === null) return []
  const isList = Array.isArray(value)
  return Object.entries(value).flatMap(([key, child]) =>
    textsAt([...path, isList ? Number(key) : key], child),
  )
}
