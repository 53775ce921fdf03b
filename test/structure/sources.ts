import { readdirSync } from 'node:fs'
import { join, relative } from 'node:path'

export const projectRoot = join(import.meta.dirname, '../..')

const passedOver = new Set(['node_modules', 'coverage', 'jars'])

/** Every TypeScript and JavaScript source of the project in a folder, as a path from its root. */
export function sourceFiles(folder = projectRoot): string[] {
  return readdirSync(folder, { withFileTypes: true })
    .flatMap(entry => {
      if (entry.name.startsWith('.') || passedOver.has(entry.name)) return []
      const path = join(folder, entry.name)
      if (entry.isDirectory()) return sourceFiles(path)
      return /\.(?:[cm]?[jt]s|[jt]sx)$/.test(entry.name) && folder !== projectRoot
        ? [relative(projectRoot, path)]
        : []
    })
    .sort()
}
