import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readmeFile, topicReference, withTopicTable } from '../../edge-broker/reference.ts'
import { topicTable } from '../../edge-broker/topics.ts'

test("the README's topic table is the topic table", () => {
  const readme = readFileSync(readmeFile, 'utf8')
  expect(readme, 'run: node edge-broker/reference.ts').toBe(withTopicTable(readme))
  expect(readme).toContain(topicReference())
})

test('every topic has its row', () => {
  const reference = topicReference()
  expect(topicTable.length).toBeGreaterThan(10)
  for (const { name } of topicTable) expect(reference).toContain(`| \`${name}\` |`)
})
