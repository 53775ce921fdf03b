import type { Worker } from '../../../edge-broker/task/shell.ts'
import { MillraceError } from '../../../model/index.ts'

/** Gives the running sum of the numbers that its records begin with. */
export function counting(partition: number): Worker {
  let sum = 0
  let isDirty = false
  return {
    restore(_, value) {
      sum = Number(value.toString())
    },
    step({ value }) {
      const number = Number(value?.subarray(0, 16).toString().split(' ')[0])
      if (!Number.isFinite(number)) throw new MillraceError('bad-payload', 'not a number')
      sum += number
      if (number === 13) throw new Error('a defect, after the state has changed')
      isDirty = true
      return [{ topic: 'sums', partition, key: 'sum', value: String(sum) }]
    },
    changed() {
      const entries = isDirty ? [{ key: 'sum', value: String(sum) }] : []
      isDirty = false
      return entries
    },
  }
}
