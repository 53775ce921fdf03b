// @ts-check
/** @typedef {import('../messages.ts').LiveMessage} LiveMessage */

const backOffMs = { first: 300, most: 5_000 }
/** The board speaks every two seconds even without news: a longer silence is a lost connection. */
const silenceMs = 6_000

/**
 * Keeps a WebSocket to the board open for as long as the page lives. A new connection begins with a snapshot, so nothing
 * is asked for again.
 * @param {{ onMessage(message: LiveMessage): void, onLost(): void }} listener
 */
export function connect(listener) {
  let wait = backOffMs.first
  /** @type {WebSocket | undefined} */
  let socket
  /** @type {number | undefined} */
  let retry
  /** @type {number | undefined} */
  let watchdog

  function open() {
    clearTimeout(retry)
    retry = undefined
    const opened = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/live`)
    socket = opened
    expectWord(opened)
    opened.onmessage = event => {
      if (socket !== opened) return
      wait = backOffMs.first
      expectWord(opened)
      listener.onMessage(JSON.parse(event.data))
    }
    opened.onclose = () => lose(opened)
  }

  /** @param {WebSocket} from */
  function expectWord(from) {
    clearTimeout(watchdog)
    watchdog = window.setTimeout(() => lose(from), silenceMs)
  }

  /** @param {WebSocket} lost */
  function lose(lost) {
    if (socket !== lost) return
    socket = undefined
    clearTimeout(watchdog)
    lost.close()
    listener.onLost()
    retry = window.setTimeout(open, wait * (0.75 + Math.random() / 2))
    wait = Math.min(wait * 1.7, backOffMs.most)
  }

  /** A phone out of the pocket, a network back: try now, not after the back-off. */
  function hurry() {
    if (retry !== undefined && document.visibilityState === 'visible') open()
  }

  document.addEventListener('visibilitychange', hurry)
  window.addEventListener('online', hurry)
  open()
}
