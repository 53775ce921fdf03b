// @ts-check
import uPlot from '/vendor/uplot.js'
import { formatNumber } from './format.js'

/**
 * @typedef {{ at: number, severity: 'warning' | 'alarm', text: string }} LimitLine
 * @typedef {{
 *   t: number[], middle: (number | null)[], low?: (number | null)[], high?: (number | null)[], good?: (number | null)[]
 * }} Trend times in s UTC; `low` and `high` the extremes of each second
 */

const height = 168
/** A pause of so many usual steps is a gap and not a line. */
const gapSteps = 4
const gapAtLeastS = 10

/** The last minutes of one tag or signal: mean with the band of extremes, limits, and where the quality was not good. */
export class Chart {
  #host
  #plot
  /** @type {LimitLine[]} */
  #limits = []
  /** @type {(number | null)[]} */
  #good = []
  #span = [0, 1]
  #onCursor

  /**
   * @param {HTMLElement} host
   * @param {string} label
   * @param {(at: { t: number, value: number } | undefined) => void} onCursor
   */
  constructor(host, label, onCursor) {
    this.#host = host
    this.#onCursor = onCursor
    host.setAttribute('role', 'img')
    host.setAttribute('aria-label', label)
    this.#plot = new uPlot(this.#options(), [[], [], [], []], host)
    this.#sizes.observe(host)
    colourScheme.addEventListener('change', this.#redraw)
  }

  /** @param {Trend} trend @param {LimitLine[]} limits @param {[number, number]} span s UTC */
  update(trend, limits, span) {
    this.#limits = limits
    this.#span = span
    const shown = withGaps(trend)
    this.#good = shown.good
    this.#plot.setData([shown.t, shown.low, shown.high, shown.middle])
  }

  close() {
    this.#sizes.disconnect()
    colourScheme.removeEventListener('change', this.#redraw)
    this.#plot.destroy()
  }

  #redraw = () => this.#plot.redraw(false)
  #sizes = new ResizeObserver(() => {
    const width = Math.floor(this.#host.clientWidth)
    if (width > 0 && width !== this.#plot.width) this.#plot.setSize({ width, height })
  })

  /** @returns {import('uplot').Options} */
  #options() {
    const hidden = { stroke: 'transparent', points: { show: false } }
    return {
      width: Math.max(200, this.#host.clientWidth),
      height,
      legend: { show: false },
      cursor: { sync: { key: 'asset' }, drag: { x: false, y: false }, points: { size: 7 } },
      scales: {
        x: { time: true, range: () => [this.#span[0] ?? 0, this.#span[1] ?? 1] },
        y: { range: (_plot, low, high) => rangeOf(low, high, this.#limits) },
      },
      padding: [8, 8, 0, 0],
      axes: [
        axis({ space: 80, size: 30, values: (_plot, ticks) => ticks.map(timeOfDay) }),
        axis({ size: 56, values: (_plot, ticks) => ticks.map(formatNumber) }),
      ],
      bands: [{ series: [2, 1], fill: () => colour('--chart-band') }],
      series: [{}, hidden, hidden, { stroke: () => colour('--chart-line'), width: 1.75 }],
      hooks: {
        draw: [plot => drawLimits(plot, this.#limits), plot => drawQuality(plot, this.#good)],
        setCursor: [plot => this.#onCursor(pointAt(plot))],
      },
    }
  }
}

const colourScheme = matchMedia('(prefers-color-scheme: dark)')

/** @param {string} name a custom property of the style sheet */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

/** @param {number} second UTC */
function timeOfDay(second) {
  return new Date(second * 1000).toLocaleTimeString('en-GB', { hour: '2-digit', minute: '2-digit' })
}

/** @param {Partial<import('uplot').Axis>} own @returns {import('uplot').Axis} */
function axis(own) {
  return {
    stroke: () => colour('--muted'),
    font: '12px sans-serif',
    grid: { stroke: () => colour('--chart-grid'), width: 1 },
    ticks: { show: false },
    ...own,
  }
}

/**
 * Limits are always in sight: a chart shows how near they are.
 * @param {number | null} low
 * @param {number | null} high
 * @param {LimitLine[]} limits
 * @returns {[number, number]}
 */
function rangeOf(low, high, limits) {
  const all = [low, high, ...limits.map(limit => limit.at)].filter(value => value !== null)
  if (all.length === 0) return [0, 1]
  const bottom = Math.min(...all)
  const top = Math.max(...all)
  const margin = Math.max((top - bottom) * 0.1, Math.abs(top + bottom) * 0.01, 1e-9)
  return [bottom - margin, top + margin]
}

/** @param {uPlot} plot @param {LimitLine[]} limits */
function drawLimits(plot, limits) {
  const { ctx, bbox } = plot
  const ratio = devicePixelRatio
  ctx.save()
  ctx.font = `${11 * ratio}px sans-serif`
  ctx.textAlign = 'left'
  ctx.textBaseline = 'bottom'
  ctx.lineWidth = 1.5 * ratio
  ctx.setLineDash([6 * ratio, 4 * ratio])
  for (const { at, severity, text } of limits) {
    const y = plot.valToPos(at, 'y', true)
    ctx.strokeStyle = ctx.fillStyle = colour(`--${severity}-line`)
    ctx.beginPath()
    ctx.moveTo(bbox.left, y)
    ctx.lineTo(bbox.left + bbox.width, y)
    ctx.stroke()
    labelLimit(ctx, text, bbox.left + 4 * ratio, y - 2 * ratio)
  }
  ctx.restore()
}

/**
 * Over a curve a label stays readable by a rim in the ground's colour.
 * @param {CanvasRenderingContext2D} ctx
 * @param {string} text
 * @param {number} x
 * @param {number} y
 */
function labelLimit(ctx, text, x, y) {
  ctx.save()
  ctx.setLineDash([])
  ctx.lineWidth = 4 * devicePixelRatio
  ctx.lineJoin = 'round'
  ctx.strokeStyle = colour('--surface')
  ctx.strokeText(text, x, y)
  ctx.restore()
  ctx.fillText(text, x, y)
}

/** A strip along the time axis where samples were not all good. @param {uPlot} plot @param {(number | null)[]} good */
function drawQuality(plot, good) {
  const { ctx, bbox, data } = plot
  const strip = 5 * devicePixelRatio
  ctx.save()
  ctx.fillStyle = colour('--communication-line')
  for (const [index, share] of good.entries()) {
    const t = data[0][index]
    if (share === null || share >= 1 || t === undefined) continue
    const left = plot.valToPos(t, 'x', true)
    const width = Math.max(plot.valToPos(t + 1, 'x', true) - left, 1)
    ctx.fillRect(left, bbox.top + bbox.height - strip, width, strip)
  }
  ctx.restore()
}

/** @param {uPlot} plot */
function pointAt(plot) {
  const { idx } = plot.cursor
  if (idx === null || idx === undefined) return undefined
  const t = plot.data[0][idx]
  const value = plot.data[3]?.[idx]
  return t === undefined || value === null || value === undefined ? undefined : { t, value }
}

/** Puts an empty point into every pause. @param {Trend} trend */
function withGaps({ t, middle, low = [], high = [], good = [] }) {
  const gap = Math.max(gapAtLeastS, gapSteps * usualStep(t))
  /** @type {{ t: number[], middle: (number | null)[], low: (number | null)[], high: (number | null)[], good: (number | null)[] }} */
  const shown = { t: [], middle: [], low: [], high: [], good: [] }
  for (const [index, second] of t.entries()) {
    const before = t[index - 1]
    if (before !== undefined && second - before > gap) push(shown, before + 1, null, null, null, null)
    push(shown, second, middle[index], low[index], high[index], good[index])
  }
  return shown
}

/**
 * @param {{ t: number[], middle: (number | null)[], low: (number | null)[], high: (number | null)[], good: (number | null)[] }} to
 * @param {number} t
 * @param {...(number | null | undefined)} values
 */
function push(to, t, ...values) {
  const [middle = null, low = null, high = null, good = null] = values
  to.t.push(t)
  to.middle.push(middle)
  to.low.push(low)
  to.high.push(high)
  to.good.push(good)
}

/** Median of the steps between points, s. @param {number[]} t */
function usualStep(t) {
  const steps = t.slice(1).map((second, index) => second - (t[index] ?? second))
  return steps.sort((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 1
}
