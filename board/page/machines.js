// @ts-check
import { el, setAttribute, setText } from './dom.js'
import { formatCount, formatName } from './format.js'
import { icon } from './icons.js'
import { cardRow } from './rows.js'

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('./state.js').CardAsset} CardAsset
 * @typedef {import('./state.js').MachineStatus} MachineStatus
 */

/** @type {Record<MachineStatus['state'], { text: string, icon: import('./icons.js').IconName, trouble?: string }>} */
export const machineStates = {
  connected: { text: 'Connected', icon: 'normal' },
  connecting: { text: 'Connecting', icon: 'waiting', trouble: 'communication' },
  degraded: { text: 'Degraded', icon: 'communication', trouble: 'communication' },
  disconnected: { text: 'Disconnected', icon: 'communication', trouble: 'communication' },
  stopped: { text: 'Stopped', icon: 'communication', trouble: 'communication' },
  unknown: { text: 'Unknown', icon: 'communication', trouble: 'communication' },
}

/** Cards of all machines, by line. Every card keeps its place, whatever its state: people know machines by their place. */
export class MachineCards {
  #root
  /** @type {Map<string, ReturnType<typeof machineCard>>} */
  #cards = new Map()
  #plan = ''

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root
  }

  /** Builds all cards, unless the plant is as it was. @param {State} state */
  replace(state) {
    const plan = JSON.stringify(state.assets)
    if (plan === this.#plan) return this.update(state, this.#cards.keys())
    this.#plan = plan
    this.#cards = new Map(state.assets.map(asset => [asset.id, machineCard(asset)]))
    const lines = [...Map.groupBy(state.assets, asset => `${asset.area}/${asset.line}`)]
    const groups = lines.map(([line, assets]) => this.#group(line, assets))
    const empty = el(
      'p',
      { class: 'placeholder' },
      'This plant has no machines yet. Add one to its machines folder.',
    )
    this.#root.replaceChildren(...(groups.length > 0 ? groups : [empty]))
    this.update(state, this.#cards.keys())
  }

  /** @param {State} state @param {Iterable<string>} assets */
  update(state, assets) {
    for (const asset of assets) this.#cards.get(asset)?.update(state)
  }

  /** @param {string} line @param {CardAsset[]} assets */
  #group(line, assets) {
    const title = line.split('/').map(formatName).join(' · ')
    const cards = assets.map(asset => el('li', {}, this.#cards.get(asset.id)?.root ?? ''))
    return el(
      'section',
      { class: 'line', 'aria-label': title, 'data-cards': String(Math.min(assets.length, 4)) },
      el('h2', {}, title),
      el('ul', { class: 'cards' }, ...cards),
    )
  }
}

/** @param {CardAsset} asset */
function machineCard(asset) {
  const state = el('span', { class: 'machine-state' })
  const source = el('span', { class: 'machine-source' })
  const reason = el('p', { class: 'machine-reason' })
  const rows = asset.rows.map(row => cardRow(asset.id, row))
  const head = el('span', { class: 'machine-head' }, el('h3', {}, asset.name), state)
  const body = el('div', { class: 'rows' }, ...rows.map(row => row.root))
  const root = el('a', { class: 'machine', href: `#/${asset.id}` }, head, source, reason, body)
  /** @type {string | undefined} */
  let shown
  return {
    root,
    /** @param {State} plant */
    update(plant) {
      const machine = plant.machines.get(asset.id)
      if (!machine) return
      const look = machineStates[machine.state]
      if (shown !== machine.state) state.replaceChildren(icon(look.icon), look.text)
      shown = machine.state
      setAttribute(root, 'data-trouble', look.trouble)
      setAttribute(root, 'data-severity', severityOf(asset.id, plant))
      setText(
        source,
        `${machine.source} · ${machine.connector}${machine.server ? ` on ${machine.server}` : ''} · ${formatCount(machine.samplesPerSecond)} samples/s`,
      )
      setText(reason, reasonOf(machine, asset))
      reason.hidden = reason.textContent === ''
      for (const row of rows) row.update(plant)
    },
  }
}

/**
 * The source's reason, or that of its bad tags unless the card's rows tell it.
 * @param {MachineStatus} machine
 * @param {CardAsset} asset
 */
function reasonOf({ state, reason, badTags }, { rows }) {
  if (state === 'connected') return ''
  if (reason) return reason
  const hidden = badTags.filter(bad => !rows.some(row => row.kind === 'tag' && row.name === bad.tag))
  return hidden.map(bad => `${formatName(bad.tag)}: ${bad.reason}`).join(' ')
}

/** The worst open alarm of a machine; the list has alarms first. @param {string} asset @param {State} state */
function severityOf(asset, state) {
  return state.alarms.find(alarm => alarm.asset === asset)?.severity
}
