// @ts-check
import { Chart } from './chart.js'
import { el, setAttribute, setText } from './dom.js'
import {
  formatName,
  formatNumber,
  formatSentence,
  formatSignalUnit,
  formatTime,
  formatUnit,
  formatValue,
  none,
} from './format.js'
import { icon } from './icons.js'

/**
 * @typedef {import('../messages.ts').AssetHistory} AssetHistory
 * @typedef {import('../plant.ts').TagLimits} TagLimits
 * @typedef {import('../series-table.ts').SignalValue} SignalValue
 * @typedef {import('./chart.js').LimitLine} LimitLine
 */

const spanS = 900

/** One tag or signal of the detail: name, newest value, why it is judged so, and its chart. */
export class Panel {
  #root
  #host = el('div', { class: 'chart' })
  #mark = el('span', { class: 'row-mark' })
  #value = el('span', { class: 'panel-value' })
  #cursor = el('span', { class: 'panel-cursor' })
  #reason = el('p', { class: 'panel-reason' })
  #facts = el('dl', { class: 'panel-facts' })
  #unit = ''
  #chart

  /** @param {HTMLElement} place @param {string} name */
  constructor(place, name) {
    const title = el('h4', {}, formatName(name))
    const head = el(
      'div',
      { class: 'panel-head' },
      title,
      this.#cursor,
      el('span', { class: 'panel-figure' }, this.#mark, this.#value),
    )
    this.#root = el('article', { class: 'panel' }, head, this.#reason, this.#host, this.#facts)
    place.append(this.#root)
    this.#chart = new Chart(this.#host, `${formatName(name)}, last 15 minutes`, at => {
      setText(
        this.#cursor,
        at ? `${formatTime(at.t * 1000, at.t * 1000)}  ${formatNumber(at.value)} ${this.#unit}` : '',
      )
    })
  }

  /** @param {AssetHistory['tags'][number]} tag @param {AssetHistory} history */
  showTag({ latest, unit, limits, description, history: { t, mean, min, max, good } }, { to }) {
    const isBad = latest !== null && latest.good === 0
    this.#unit = formatUnit(unit)
    this.#head(
      isBad || !latest ? none : `${formatValue(latest.value)} ${this.#unit}`,
      isBad ? 'communication' : undefined,
    )
    this.#text(isBad ? 'Bad quality' : description)
    this.#host.hidden = mean.every(value => value === null)
    this.#chart.update({ t, middle: mean, low: min, high: max, good }, tagLimits(limits, this.#unit), [
      to - spanS,
      to,
    ])
  }

  /** @param {AssetHistory['signals'][number]} signal @param {AssetHistory} history */
  showSignal({ latest, ofTag, history: { t, value } }, { to }) {
    this.#unit = latest ? formatSignalUnit(latest) : ''
    const verdict = latest?.verdict
    const trouble = verdict === 'alarm' || verdict === 'warning' ? verdict : undefined
    const known = latest !== null && latest.value !== null
    this.#head(known ? `${formatValue(latest.value)} ${this.#unit}` : none, trouble)
    this.#text(formatSentence(latest?.reason ?? 'No result yet'))
    this.#host.hidden = ofTag !== undefined || value.every(point => point === null)
    this.#chart.update({ t, middle: value }, signalLimits(latest, this.#unit), [to - spanS, to])
    this.#showFacts(latest?.details ?? {})
  }

  close() {
    this.#chart.close()
  }

  /** @param {string} value @param {import('./icons.js').IconName | undefined} trouble */
  #head(value, trouble) {
    setText(this.#value, value.trim())
    if (this.#root.dataset.trouble !== trouble)
      this.#mark.replaceChildren(...(trouble ? [icon(trouble)] : []))
    setAttribute(this.#root, 'data-trouble', trouble)
  }

  /** @param {string} text */
  #text(text) {
    setText(this.#reason, text)
    this.#reason.hidden = text === ''
  }

  /** @param {Record<string, number | string | null>} details */
  #showFacts(details) {
    const facts = Object.entries(details).map(([name, value]) => {
      return el(
        'div',
        {},
        el('dt', {}, formatName(name)),
        el('dd', {}, value === 'not-known' ? 'not known' : formatValue(value)),
      )
    })
    this.#facts.replaceChildren(...facts)
  }
}

/** @param {TagLimits} limits @param {string} unit @returns {LimitLine[]} */
function tagLimits(limits, unit) {
  return severities.flatMap(severity => {
    const { above, below } = limits[severity] ?? {}
    return [above, below]
      .filter(at => at !== undefined)
      .map(at => ({ at, severity, text: `${severity} ${formatNumber(at)} ${unit}` }))
  })
}

/** @param {SignalValue | null} signal @param {string} unit @returns {LimitLine[]} */
function signalLimits(signal, unit) {
  return severities.flatMap(severity => {
    const at = signal?.limits?.[severity]
    return at === undefined ? [] : [{ at, severity, text: `${severity} ${formatNumber(at)} ${unit}` }]
  })
}

const severities = /** @type {const} */ (['warning', 'alarm'])
