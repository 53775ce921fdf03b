// @ts-check
import { el, setAttribute, setText } from './dom.js'
import { formatCount, formatDuration, none } from './format.js'
import { icon } from './icons.js'

/**
 * @typedef {import('./state.js').State} State
 * @typedef {import('../messages.ts').Health} Health
 * @typedef {'alarm' | 'warning' | 'communication'} Trouble
 * @typedef {{ value: string, note: string, trouble?: Trouble | undefined }} Figure
 */

const lateSeconds = 10
const replicaLateSeconds = 60

const tiles = /** @type {const} */ ([
  ['Brokers', brokers],
  ['Machines', machines],
  ['Samples', samples],
  ['Lag', lag],
  ['Replicated', replicated],
  ['Lost samples', lost],
])

/** The line of figures under the title; grey unless something is wrong. */
export class HealthLine {
  #tiles

  /** @param {HTMLElement} list */
  constructor(list) {
    this.#tiles = tiles.map(([name, figure]) => {
      const value = el('span', { class: 'tile-value' }, none)
      const note = el('span', { class: 'tile-note' })
      const mark = el('span', { class: 'tile-mark' })
      const tile = el('li', { class: 'tile' }, el('span', { class: 'tile-name' }, mark, name), value, note)
      list.append(tile)
      return { tile, value, note, mark, figure }
    })
  }

  /** @param {State} state */
  update(state) {
    const { health } = state
    if (!health) return
    for (const { tile, value, note, mark, figure } of this.#tiles) {
      const shown = figure(health, state)
      setText(value, shown.value)
      setText(note, shown.note)
      if (tile.dataset.trouble !== shown.trouble)
        mark.replaceChildren(...(shown.trouble ? [icon(shown.trouble)] : []))
      setAttribute(tile, 'data-trouble', shown.trouble)
    }
  }
}

/** @param {Health} health @returns {Figure} */
function brokers({ brokers, feed }) {
  if (brokers.length === 0) return { value: none, note: 'not known yet' }
  const down = brokers.filter(broker => !broker.up)
  const value = `${brokers.length - down.length}/${brokers.length}`
  if (feed.state === 'away') return { value, note: 'no contact', trouble: 'communication' }
  if (down.length > 0)
    return { value, note: `${namesOf(down)} down`, trouble: severityOf(down.length, brokers.length) }
  const short = brokers.reduce((sum, broker) => sum + (broker.underReplicated ?? 0), 0)
  if (short > 0) return { value, note: `${short} partitions short of a copy`, trouble: 'warning' }
  return { value, note: 'up, all in sync' }
}

/** @param {{ host: string }[]} down */
function namesOf(down) {
  return down.map(broker => broker.host).join(', ')
}

/**
 * Half of the brokers gone is the end of the majority.
 * @param {number} down
 * @param {number} all
 * @returns {Trouble}
 */
function severityOf(down, all) {
  return down * 2 >= all ? 'alarm' : 'warning'
}

/** @param {Health} _health @param {State} state @returns {Figure} */
function machines(_health, { machines }) {
  const all = [...machines.values()]
  const up = all.filter(machine => machine.state === 'connected').length
  const value = `${up}/${all.length}`
  if (up === all.length) return { value, note: 'connected' }
  return { value, note: `${all.length - up} with trouble`, trouble: 'communication' }
}

/** @param {Health} health @returns {Figure} */
function samples({ samplesPerSecond }) {
  return { value: formatCount(samplesPerSecond), note: 'a second' }
}

/** @param {Health} health @returns {Figure} */
function lag({ lag }) {
  if (lag.records === null) return { value: none, note: 'not known yet' }
  const note = lag.records === 0 ? 'processors up to date' : `${formatCount(lag.records)} records waiting`
  const late = (lag.seconds ?? 0) > lateSeconds
  return {
    value: lag.seconds === undefined ? formatCount(lag.records) : formatDuration(lag.seconds * 1000),
    note,
    trouble: late ? 'warning' : undefined,
  }
}

/** @param {Health} health @returns {Figure} */
function replicated({ replication }) {
  const { records, lagSeconds, reason } = replication
  if (records === null) return { value: none, note: 'no word from the replicator' }
  const value = formatCount(records)
  if (reason) return { value, note: reason, trouble: 'communication' }
  if (lagSeconds === null) return { value, note: 'to the region' }
  const note = `${formatDuration(lagSeconds * 1000)} behind`
  return { value, note, trouble: lagSeconds > replicaLateSeconds ? 'warning' : undefined }
}

/** @param {Health} health @returns {Figure} */
function lost({ losses }) {
  const sum = losses.total
  const unknown = losses.unknownFrom.length > 0
  const note = unknown ? `${losses.unknownFrom.join(', ')} cannot tell all` : 'on the way to Kafka'
  return {
    value: unknown ? `≥ ${formatCount(sum)}` : formatCount(sum),
    note,
    trouble: sum > 0 ? 'warning' : undefined,
  }
}
