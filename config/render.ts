import { join, relative } from 'node:path'
import type { PlantProblem } from './problem.ts'

/**
 * Problems for a terminal, each as
 *
 *     config/plants/demo/machines/press.yaml:12:9: unknown key "unitt" (assets[0].tags[0].unitt)
 *      12 |         unitt: Cel
 *         |         ^ did you mean "unit"?
 *
 * @param dir the plant folder; file names are shown relative to `from`, the working directory
 */
export function renderProblems(dir: string, problems: readonly PlantProblem[], from = process.cwd()): string {
  return problems.map(problem => renderProblem(shownName(dir, problem.file, from), problem)).join('\n\n')
}

function shownName(dir: string, file: string, from: string): string {
  return relative(from, join(dir, file)) || '.'
}

function renderProblem(name: string, problem: PlantProblem): string {
  const place = problem.line > 0 ? `${name}:${problem.line}:${problem.column}` : name
  const path = problem.path ? ` (${problem.path})` : ''
  const instance = problem.instance ? ` in ${problem.instance}` : ''
  const advice = problem.suggestion === undefined ? '' : `did you mean "${problem.suggestion}"?`
  return [`${place}: ${problem.message}${path}${instance}`, ...excerpt(problem, advice)].join('\n')
}

/** Of a longer line the part around the column is shown. */
const maximumWidth = 100

function excerpt({ line, column, sourceLine }: PlantProblem, advice: string): string[] {
  if (line === 0 || !sourceLine?.trim()) return advice ? [`  ${advice}`] : []
  const { shown, before } = clipped(sourceLine, column - 1)
  // Tabs stay tabs, so that the caret stands below its column whatever a tab's width.
  const indent = before.replaceAll(/[^\t]/g, ' ')
  const gutter = ' '.repeat(String(line).length)
  return [` ${line} | ${shown}`, ` ${gutter} | ${indent}^${advice && ` ${advice}`}`]
}

function clipped(text: string, at: number): { shown: string; before: string } {
  const start = text.length > maximumWidth && at > maximumWidth * 0.75 ? at - maximumWidth / 2 : 0
  const lead = start > 0 ? '…' : ''
  const tail = text.length > start + maximumWidth ? '…' : ''
  return {
    shown: `${lead}${text.slice(start, start + maximumWidth)}${tail}`,
    before: `${lead}${text.slice(start, at)}`,
  }
}
