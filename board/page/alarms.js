// @ts-check
import { el, setAttribute, setText } from './dom.js'
import { formatDuration, formatName, formatTime, formatUnit, formatValue } from './format.js'
import { icon } from './icons.js'

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./state.js').OpenAlarm} OpenAlarm
 */

/** So many are shown large; a flood of more stays readable as a list. */
const largeAtMost = 6

/** Open alarms, the worst and newest first; new ones are read out. */
export class AlarmList {
  #list
  #none
  #announcer
  /** @type {Map<string, ReturnType<typeof card>>} */
  #cards = new Map()
  /** @type {Set<string> | undefined} what was open before; nothing is read out at the first look */
  #told

  /** @param {{ list: HTMLElement, none: HTMLElement, announcer: HTMLElement }} places */
  constructor({ list, none, announcer }) {
    this.#list = list
    this.#none = none
    this.#announcer = announcer
  }

  /** @param {State} state */
  update(state) {
    const cards = state.alarms.map((alarm, index) => this.#card(alarm, index, state))
    const open = new Set(state.alarms.map(alarm => alarm.id))
    for (const id of this.#cards.keys()) if (!open.has(id)) this.#cards.delete(id)
    if (
      cards.some((shown, index) => this.#list.children[index] !== shown.root) ||
      this.#list.children.length > cards.length
    ) {
      this.#list.replaceChildren(...cards.map(shown => shown.root))
    }
    this.#none.hidden = cards.length > 0
    setText(this.#none, 'No open alarms')
    this.#announce(state)
    this.tick(state)
  }

  /** Ages go on between changes. @param {State} state */
  tick(state) {
    for (const alarm of state.alarms) this.#cards.get(alarm.id)?.age(state.now())
  }

  /** @param {OpenAlarm} alarm @param {number} index @param {State} state */
  #card(alarm, index, state) {
    const shown = this.#cards.get(alarm.id) ?? card(alarm)
    this.#cards.set(alarm.id, shown)
    shown.update(alarm, nameOf(alarm.asset, state), index < largeAtMost)
    return shown
  }

  /** @param {State} state */
  #announce({ alarms, assets }) {
    const told = this.#told
    const news = told ? alarms.filter(alarm => !told.has(`${alarm.id} ${alarm.severity}`)) : []
    this.#told = new Set(alarms.map(alarm => `${alarm.id} ${alarm.severity}`))
    if (news.length === 0) return
    const words = news.map(alarm => {
      const name = assets.find(asset => asset.id === alarm.asset)?.name ?? alarm.asset
      return `${formatName(alarm.severity)}: ${name}, ${formatName(alarm.signal)}. ${alarm.reason}`
    })
    setText(this.#announcer, words.join(' '))
  }
}

/** @param {string} asset @param {State} state */
function nameOf(asset, state) {
  return state.assets.find(known => known.id === asset)?.name ?? asset
}

/** @param {OpenAlarm} first */
function card(first) {
  const badge = el('span', { class: 'alarm-badge' })
  const title = el('span', { class: 'alarm-title' })
  const value = el('span', { class: 'alarm-value' })
  const reason = el('span', { class: 'alarm-reason' })
  const since = el('span', { class: 'alarm-since' })
  const text = el(
    'span',
    { class: 'alarm-text' },
    el('span', { class: 'alarm-head' }, title, value),
    reason,
    since,
  )
  const link = el('a', { class: 'alarm', href: `#/${first.asset}` }, badge, text)
  const root = el('li', {}, link)
  let sinceMs = Date.parse(first.since)
  return {
    root,
    /** @param {OpenAlarm} alarm @param {string} name @param {boolean} large */
    update(alarm, name, large) {
      sinceMs = Date.parse(alarm.since)
      if (link.dataset.severity !== alarm.severity)
        badge.replaceChildren(icon(alarm.severity), alarm.severity.toUpperCase())
      setAttribute(link, 'data-severity', alarm.severity)
      setAttribute(link, 'data-size', large ? 'large' : 'small')
      setText(title, `${name} · ${formatName(alarm.signal)}`)
      setText(
        value,
        alarm.value === null ? '' : `${formatValue(alarm.value)} ${formatUnit(alarm.unit)}`.trim(),
      )
      setText(reason, alarm.reason)
    },
    /** @param {number} now */
    age(now) {
      setText(since, `since ${formatTime(sinceMs, now)}, for ${formatDuration(now - sinceMs)}`)
    },
  }
}
