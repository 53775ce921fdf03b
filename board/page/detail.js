// @ts-check
import { el, setAttribute, setText } from './dom.js'
import {
  formatCount,
  formatName,
  formatSentence,
  formatTime,
  formatUnit,
  formatValue,
  none,
} from './format.js'
import { followHistory } from './history.js'
import { icon } from './icons.js'
import { machineStates } from './machines.js'
import { Panel } from './panel.js'

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('../messages.ts').AssetHistory} AssetHistory
 */

const eventsAtMost = 20
const partShapes = /** @type {const} */ ({
  ok: 'normal',
  rework: 'warning',
  scrap: 'alarm',
  'not-known': 'waiting',
})

/** One machine in full, over the overview; its address is `#/<asset id>`, so that it can be sent to a colleague. */
export class Detail {
  #dialog
  #state
  /** @type {ReturnType<typeof frame> | undefined} */
  #frame
  /** @type {AbortController | undefined} */
  #following
  /** @type {Map<string, Panel>} */
  #panels = new Map()
  #asset = ''

  /** @param {HTMLDialogElement} dialog @param {State} state */
  constructor(dialog, state) {
    this.#dialog = dialog
    this.#state = state
    window.addEventListener('hashchange', () => this.#route())
    dialog.addEventListener('close', () => this.#leave())
    dialog.addEventListener('click', event => event.target === dialog && dialog.close())
    this.#route()
  }

  /** Draws what the overview's state tells of the machine. */
  update() {
    const frame = this.#frame
    if (!frame) return
    const card = this.#state.assets.find(asset => asset.id === this.#asset)
    setText(frame.title, card?.name ?? this.#asset)
    setText(frame.path, [this.#asset, card?.description].filter(Boolean).join(' · '))
    this.#updateMachine(frame)
  }

  #route() {
    const asset = location.hash.startsWith('#/') ? decodeURIComponent(location.hash.slice(2)) : ''
    if (asset === this.#asset) return
    this.#clear()
    this.#asset = asset
    if (!asset) return this.#dialog.close()
    this.#open(asset)
  }

  /** @param {string} asset */
  #open(asset) {
    this.#frame = frame(() => this.#dialog.close())
    this.#dialog.replaceChildren(this.#frame.root)
    if (!this.#dialog.open) this.#dialog.showModal()
    this.#dialog.scrollTop = 0
    this.update()
    this.#following = new AbortController()
    followHistory(asset, this.#following.signal, {
      onHistory: history => this.#show(history),
      onFailure: reason => setText(this.#frame?.loading ?? el('p'), `No history: ${reason}. Trying again.`),
    })
  }

  #leave() {
    this.#clear()
    this.#asset = ''
    if (location.hash) history.pushState(null, '', location.pathname)
  }

  #clear() {
    this.#following?.abort()
    for (const panel of this.#panels.values()) panel.close()
    this.#panels.clear()
    this.#frame = undefined
  }

  /** @param {ReturnType<typeof frame>} frame */
  #updateMachine({ state, reason, ledger }) {
    const machine = this.#state.machines.get(this.#asset)
    if (!machine) return
    const look = machineStates[machine.state]
    if (state.dataset.state !== machine.state) state.replaceChildren(icon(look.icon), look.text)
    state.dataset.state = machine.state
    setAttribute(state, 'data-trouble', look.trouble)
    const bad = machine.badTags.map(tag => `${formatName(tag.tag)}: ${tag.reason}`)
    const words = machine.state === 'connected' ? bad : [machine.reason ?? '', ...bad]
    setText(reason, words.filter(Boolean).join('\n'))
    reason.hidden = reason.textContent === ''
    const source = this.#state.health?.sources.find(({ source }) => source === machine.source)
    setText(ledger, source ? ledgerText(source) : '')
  }

  /** @param {AssetHistory} history */
  #show(history) {
    const frame = this.#frame
    if (!frame) return
    frame.loading.hidden = true
    for (const signal of history.signals)
      this.#panel(frame.signals, `signal ${signal.name}`).showSignal(signal, history)
    for (const tag of history.tags) this.#panel(frame.tags, `tag ${tag.name}`).showTag(tag, history)
    frame.signalsPart.hidden = history.signals.length === 0
    frame.tagsPart.hidden = history.tags.length === 0
    this.#showParts(frame, history)
    this.#showEvents(frame, history)
  }

  /** @param {HTMLElement} host @param {string} key */
  #panel(host, key) {
    const panel = this.#panels.get(key) ?? new Panel(host, key.slice(key.indexOf(' ') + 1))
    this.#panels.set(key, panel)
    return panel
  }

  /** @param {ReturnType<typeof frame>} frame @param {AssetHistory} history */
  #showParts({ parts, partsPart }, history) {
    partsPart.hidden = history.parts.length === 0
    const items = history.parts.map(({ part, t, final, verdict, reason }) => {
      const shape = partShapes[verdict]
      const when = el('span', { class: 'event-time' }, formatTime(t / 1000, this.#state.now()))
      const what = `${formatName(verdict)}${part === null ? '' : `, part ${part}`}${final ? '' : ', still being made'}`
      return el('li', { 'data-severity': shape }, icon(shape), when, `${what}. ${formatSentence(reason)}`)
    })
    parts.replaceChildren(...items)
  }

  /** @param {ReturnType<typeof frame>} frame @param {AssetHistory} history */
  #showEvents({ events, eventsPart }, history) {
    eventsPart.hidden = history.events.length === 0
    const items = history.events.slice(0, eventsAtMost).map(event => {
      const shape = event.state === 'open' ? event.severity : 'normal'
      const value = event.value === null ? '' : ` (${formatValue(event.value)} ${formatUnit(event.unit)})`
      const what = event.state === 'open' ? formatName(event.severity) : 'Cleared'
      const when = el('span', { class: 'event-time' }, formatTime(event.t / 1000, this.#state.now()))
      return el(
        'li',
        { 'data-severity': shape },
        icon(shape),
        when,
        `${what}: ${formatName(event.signal)}${value}. ${event.reason}`,
      )
    })
    events.replaceChildren(...items)
  }
}

/** @param {import('../status.ts').SourceStatus} source */
function ledgerText({ source, expected, received, bad, lost, buffered }) {
  const losses = lost.map(
    ({ cause, samples, andMore }) =>
      `${samples > 0 || !andMore ? formatCount(samples) : ''}${andMore ? (samples > 0 ? ' and more' : 'an unknown number') : ''} (${formatName(cause)})`,
  )
  return [
    `Samples of ${source}: expected ${expected === null ? none : formatCount(expected)}`,
    `received ${formatCount(received)}`,
    `bad ${formatCount(bad)}`,
    `lost ${losses.length > 0 ? losses.join(', ') : '0'}`,
    ...(buffered > 0 ? [`${formatCount(buffered)} records wait on disk`] : []),
  ].join(' · ')
}

/** @param {() => void} onClose */
function frame(onClose) {
  const title = el('h2', { id: 'detail-title' })
  const path = el('p', { class: 'detail-path' })
  const close = el('button', { class: 'close', type: 'button', 'aria-label': 'Close' }, icon('close'))
  close.addEventListener('click', onClose)
  const state = el('p', { class: 'machine-state' })
  const reason = el('p', { class: 'detail-reason' })
  const ledger = el('p', { class: 'detail-ledger' })
  const loading = el('p', { class: 'placeholder' }, 'Loading the last 15 minutes.')
  const signals = el('div', { class: 'panels' })
  const tags = el('div', { class: 'panels' })
  const events = el('ol', { class: 'log events' })
  const signalsPart = part('Signals', signals)
  const tagsPart = part('Tags', tags)
  const eventsPart = part('Alarm history', events)
  const parts = el('ol', { class: 'log parts' })
  const partsPart = part('Last parts', parts)
  const head = el('header', { class: 'detail-head' }, el('div', {}, title, path), close)
  const root = el(
    'div',
    { class: 'detail-body' },
    head,
    state,
    reason,
    ledger,
    loading,
    signalsPart,
    partsPart,
    tagsPart,
    eventsPart,
  )
  return {
    root,
    title,
    path,
    state,
    reason,
    ledger,
    loading,
    signals,
    tags,
    events,
    parts,
    partsPart,
    signalsPart,
    tagsPart,
    eventsPart,
  }
}

/** @param {string} title @param {HTMLElement} content */
function part(title, content) {
  const section = el('section', { class: 'part' }, el('h3', {}, title), content)
  section.hidden = true
  return section
}
