// @ts-check
import { AlarmList } from './alarms.js'
import { connect } from './connection.js'
import { Detail } from './detail.js'
import { byId, el, setAttribute, setText } from './dom.js'
import { formatDuration, formatTime } from './format.js'
import { HealthLine } from './health.js'
import { icon } from './icons.js'
import { MachineCards } from './machines.js'
import { State } from './state.js'

const state = new State()
const health = new HealthLine(byId('health'))
const alarms = new AlarmList({
  list: byId('alarms-list'),
  none: byId('alarms-none'),
  announcer: byId('announcer'),
})
const machines = new MachineCards(byId('machines'))
const detail = new Detail(/** @type {HTMLDialogElement} */ (byId('detail')), state)

/** @type {number | undefined} when the WebSocket was lost, by performance.now() */
let lostAt
const stale = { all: false, alarms: false, assets: new Set() }
let drawing = false

connect({
  onMessage(message) {
    lostAt = undefined
    const dirty = state.apply(message)
    stale.all ||= dirty.all
    stale.alarms ||= dirty.alarms
    for (const asset of dirty.assets) stale.assets.add(asset)
    schedule()
  },
  onLost() {
    lostAt ??= performance.now()
    tick()
  },
})
setInterval(tick, 1000)

/** Many messages, one drawing a frame; a hidden page draws when it is looked at. */
function schedule() {
  if (drawing) return
  drawing = true
  requestAnimationFrame(() => {
    drawing = false
    draw()
  })
}

function draw() {
  health.update(state)
  if (stale.all) machines.replace(state)
  else machines.update(state, stale.assets)
  if (stale.alarms || stale.all) alarms.update(state)
  detail.update()
  stale.all = stale.alarms = false
  stale.assets.clear()
  setText(byId('title'), state.title)
  setText(byId('footer'), footerText())
  document.title =
    state.alarms.length > 0 ? `(${state.alarms.length}) ${state.title}` : `${state.title} · Millrace`
  tick()
}

function tick() {
  alarms.tick(state)
  if (state.known)
    machines.update(
      state,
      state.assets.map(asset => asset.id),
    )
  const trouble = troubleNow()
  setAttribute(document.body, 'data-stale', trouble?.stale ? '' : undefined)
  showBanner(trouble?.text)
  setText(byId('connection'), connectionText())
  setText(byId('clock'), state.known && lostAt === undefined ? formatTime(state.now(), state.now()) : '')
}

function connectionText() {
  if (!state.known) return 'Connecting'
  if (lostAt !== undefined) return 'Connection lost'
  return 'Live'
}

/** What keeps the page from being live, the nearest cause first. */
function troubleNow() {
  if (lostAt !== undefined) {
    const last = state.known ? ` Shown is the state of ${formatTime(state.heardMs, state.now())}.` : ''
    return {
      stale: true,
      text: `No connection to the board for ${formatDuration(performance.now() - lostAt)}, trying again.${last}`,
    }
  }
  const feed = state.health?.feed
  if (!feed || feed.state === 'live') return undefined
  if (feed.state === 'away') {
    const age = formatDuration(state.now() - Date.parse(feed.since))
    return {
      stale: true,
      text: `The board has had no contact with Kafka for ${age}; shown is the last it knew. ${feed.reason ?? ''}`,
    }
  }
  return {
    stale: false,
    text:
      feed.state === 'catching-up' ? 'Reading what happened so far.' : 'The board is connecting to Kafka.',
  }
}

/** @param {string | undefined} text */
function showBanner(text) {
  const banner = byId('banner')
  banner.hidden = text === undefined
  if (text === undefined) return
  if (banner.children.length === 0) banner.append(icon('communication'), el('span'))
  const [, words] = banner.children
  if (words) setText(words, text)
}

function footerText() {
  const { feed } = state.health ?? {}
  const unread = feed && feed.badPayloads > 0 ? ` · ${feed.badPayloads} records could not be read` : ''
  const leftOut = feed && feed.leftOut > 0 ? ` · ${feed.leftOut} records left out: too many tags` : ''
  return `Millrace board · ${state.health?.plant ?? ''}${unread}${leftOut}`
}
