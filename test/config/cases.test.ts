import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkPlant, describePlant, renderProblems } from '../../config/index.ts'

/** Each folder holds a plant folder, and in expected.txt what `millrace check` answers to it. */
const casesDir = join(import.meta.dirname, 'cases')
const cases = readdirSync(casesDir).filter(name => name !== 'biome.json')

describe('each mistake is told in its place', () => {
  test('the cases are seen', () => expect(cases.length).toBeGreaterThan(30))

  test.each(cases)('%s', async name => {
    const dir = join(casesDir, name, 'plant')
    const { plant, problems } = await checkPlant(dir)
    // A snapshot that is not there would be written and pass: a new case begins with an empty expected.txt, and -u.
    expect(readdirSync(join(casesDir, name))).toContain('expected.txt')
    const answer = plant ? describePlant(plant) : renderProblems(dir, problems, dir)
    await expect(`${answer}\n`).toMatchFileSnapshot(join(casesDir, name, 'expected.txt'))
    expect(problems.length === 0).toBe(plant !== undefined)
  })
})
