// @ts-check
import { el, setAttribute, setText } from './dom.js'
import {
  formatDuration,
  formatName,
  formatSentence,
  formatSignalUnit,
  formatTime,
  formatUnit,
  formatValue,
  none,
} from './format.js'
import { icon } from './icons.js'
import { Sparkline } from './sparkline.js'

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./state.js').MachineStatus} MachineStatus
 * @typedef {import('./state.js').Curve} Curve
 * @typedef {import('../plant.ts').CardRow} CardRow
 * @typedef {import('../plant.ts').TagLimits} TagLimits
 * @typedef {'alarm' | 'warning' | 'communication'} Trouble
 * @typedef {{
 *   value: string, unit: string, note: string, trouble?: Trouble | undefined,
 *   old?: boolean, curve?: Curve | undefined, lines: import('./sparkline.js').Lines
 * }} Reading
 */

/** A value that has not moved for so long gets its age told. */
const oldMs = 60_000

/** One line of a card: name, value with unit and quality, and its curve. @param {string} asset @param {CardRow} row */
export function cardRow(asset, row) {
  const mark = el('span', { class: 'row-mark' })
  const value = el('span', { class: 'row-value' })
  const unit = el('span', { class: 'row-unit' })
  const note = el('span', { class: 'row-note' })
  const spark = new Sparkline()
  const name = el('span', { class: 'row-name' }, formatName(row.name))
  const figure = el('span', { class: 'row-figure' }, mark, value, unit)
  const root = el('div', { class: 'row' }, name, figure, note)
  root.append(spark.root)
  return {
    root,
    /** @param {State} state */
    update(state) {
      const reading =
        row.kind === 'tag' ? tagReading(asset, row, state) : signalReading(asset, row.name, state)
      setText(value, reading.value)
      setText(unit, reading.unit)
      setText(note, reading.note)
      if (root.dataset.trouble !== reading.trouble)
        mark.replaceChildren(...(reading.trouble ? [icon(reading.trouble)] : []))
      setAttribute(root, 'data-trouble', reading.trouble)
      setAttribute(root, 'data-old', reading.old ? '' : undefined)
      spark.update(reading.curve, reading.lines)
    },
  }
}

/** @param {string} asset @param {Extract<CardRow, { kind: 'tag' }>} row @param {State} state @returns {Reading} */
function tagReading(asset, row, state) {
  const key = `${asset} ${row.name}`
  const latest = state.values.get(key)
  const machine = state.machines.get(asset)
  const bad = machine?.badTags.find(tag => tag.tag === row.name)
  const base = {
    unit: formatUnit(row.unit || (latest?.unit ?? '')),
    curve: state.tagCurves.get(key),
    lines: linesOf(row.limits),
  }
  if (bad) return { ...base, value: none, unit: '', note: `bad: ${bad.reason}`, trouble: 'communication' }
  if (!latest) return { ...base, value: none, unit: '', note: 'no sample yet' }
  if (latest.good === 0)
    return { ...base, value: none, unit: '', note: 'bad quality', trouble: 'communication' }
  const old = machine?.state !== 'connected' && machine?.state !== 'degraded'
  if (old)
    return {
      ...base,
      old,
      value: formatValue(latest.value),
      note: `as of ${formatTime(latest.t, state.now())}`,
    }
  return {
    ...base,
    value: formatValue(latest.value),
    note: latest.good < 1 ? `${Math.round(latest.good * 100)} % good` : ageNote(latest.t, state.now()),
    trouble:
      latest.good < 1
        ? 'communication'
        : worst(row.signals.map(name => state.signals.get(`${asset} ${name}`)?.verdict)),
  }
}

/** @param {string} asset @param {string} name @param {State} state @returns {Reading} */
function signalReading(asset, name, state) {
  const key = `${asset} ${name}`
  const signal = state.signals.get(key)
  if (!signal) return { value: none, unit: '', note: 'no result yet', lines: {} }
  const { warning, alarm } = signal.limits ?? {}
  const known = signal.value !== null
  return {
    value: formatValue(signal.value),
    unit: known ? formatSignalUnit(signal) : '',
    note: known ? ageNote(signal.t, state.now()) : formatSentence(signal.reason),
    trouble: worst([signal.verdict]),
    curve: state.signalCurves.get(key),
    lines: { warning: warning === undefined ? [] : [warning], alarm: alarm === undefined ? [] : [alarm] },
  }
}

/** @param {(string | undefined)[]} verdicts @returns {Trouble | undefined} */
function worst(verdicts) {
  if (verdicts.includes('alarm')) return 'alarm'
  return verdicts.includes('warning') ? 'warning' : undefined
}

/** @param {number} t @param {number} now */
function ageNote(t, now) {
  return now - t > oldMs ? `${formatDuration(now - t)} ago` : ''
}

/** @param {TagLimits} limits */
function linesOf({ warning, alarm }) {
  return { warning: boundsOf(warning), alarm: boundsOf(alarm) }
}

/** @param {{ above?: number, below?: number } | undefined} bounds */
function boundsOf(bounds) {
  return [bounds?.above, bounds?.below].filter(bound => bound !== undefined)
}
