import { expect, test } from 'vitest'
import { topicReference } from '../../edge-broker/reference.ts'
import { topicTable } from '../../edge-broker/topics.ts'

test('every topic has its row', () => {
  const reference = topicReference()
  expect(topicTable.length).toBeGreaterThan(10)
  for (const { name } of topicTable) expect(reference).toContain(`| \`${name}\` |`)
})
