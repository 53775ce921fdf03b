// @ts-check
import { setAttribute, svg } from './dom.js'

/**
 * @typedef {import('./state.js').Curve} Curve
 * @typedef {{ warning?: number[], alarm?: number[] }} Lines
 */

const width = 120
const height = 32
const edge = 3

/** A curve of the last ten minutes without axes. Limits are in its range, so that it shows how near they are. */
export class Sparkline {
  root
  #line = svg('path', { class: 'spark-line' })
  #end = svg('path', { class: 'spark-end' })
  #warning = svg('path', { class: 'spark-limit', 'data-severity': 'warning' })
  #alarm = svg('path', { class: 'spark-limit', 'data-severity': 'alarm' })

  constructor() {
    const box = {
      viewBox: `0 0 ${width} ${height}`,
      preserveAspectRatio: 'none',
      class: 'spark',
      'aria-hidden': 'true',
    }
    this.root = svg('svg', box, this.#warning, this.#alarm, this.#line, this.#end)
  }

  /** @param {Curve | undefined} curve @param {Lines} lines */
  update(curve, lines) {
    const values = curve?.values ?? []
    const scale = scaleOf(values, [...(lines.warning ?? []), ...(lines.alarm ?? [])])
    setAttribute(this.#line, 'd', pathOf(values, scale))
    setAttribute(this.#end, 'd', endOf(values, scale))
    setAttribute(this.#warning, 'd', linesAt(lines.warning, scale))
    setAttribute(this.#alarm, 'd', linesAt(lines.alarm, scale))
  }
}

/**
 * From value to y. The range is never narrower than a tenth of the value: noise shall look like noise.
 * @param {(number | null)[]} values
 * @param {number[]} limits
 */
function scaleOf(values, limits) {
  const numbers = values.filter(value => value !== null)
  const all = [...numbers, ...limits]
  const low = Math.min(...all)
  const high = Math.max(...all)
  const middle = (low + high) / 2
  const half = Math.max((high - low) / 2, Math.abs(middle) * 0.05, 1e-12)
  return (/** @type {number} */ value) => edge + ((middle + half - value) / (2 * half)) * (height - 2 * edge)
}

/** @param {(number | null)[]} values @param {(value: number) => number} scale */
function pathOf(values, scale) {
  const step = (width - 2 * edge) / Math.max(1, values.length - 1)
  let path = ''
  let down = false
  for (const [index, value] of values.entries()) {
    if (value === null) {
      down = false
      continue
    }
    path += `${down ? 'L' : 'M'}${(edge + index * step).toFixed(1)} ${scale(value).toFixed(1)}`
    if (!down) path += 'h.01'
    down = true
  }
  return path
}

/** A round cap makes a dot of a line without length. @param {(number | null)[]} values @param {(value: number) => number} scale */
function endOf(values, scale) {
  const last = values.at(-1) ?? values.at(-2)
  return last === null || last === undefined ? '' : `M${width - edge} ${scale(last).toFixed(1)}h.01`
}

/** @param {number[] | undefined} limits @param {(value: number) => number} scale */
function linesAt(limits, scale) {
  return (limits ?? []).map(limit => `M0 ${scale(limit).toFixed(1)}H${width}`).join('')
}
