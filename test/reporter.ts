import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

type Counts = { passed: number; failed: number; skipped: { name: string; reason: string }[] }

/** Counts for the closing line of `npm test`, and why each skipped test was skipped. */
export default class CountingReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly unknown[]): void {
    const counts: Counts = { passed: 0, failed: errors.length, skipped: [] }
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') counts.passed += 1
        else if (result.state === 'failed') counts.failed += 1
        else counts.skipped.push({ name: test.fullName, reason: ('note' in result && result.note) || '' })
      }
    }
    const file = process.env.MILLRACE_COUNTS
    if (file) writeFileSync(file, JSON.stringify(counts))
  }
}
