// @ts-check
/**
 * @typedef {import('../messages.ts').AssetHistory} AssetHistory
 * @typedef {{ t: number[] } & Record<string, (number | null)[]>} Columns
 */

const everyMs = 2_000
/** Seconds asked for again each time: late samples may have changed them. */
const overlapS = 10

/**
 * Fetches an asset's history and then what is new, until `signal` aborts.
 * @param {string} asset
 * @param {AbortSignal} signal
 * @param {{ onHistory(history: AssetHistory): void, onFailure(reason: string): void }} listener
 */
export async function followHistory(asset, signal, listener) {
  /** @type {AssetHistory | undefined} */
  let known
  while (!signal.aborted) {
    try {
      if (!known || document.visibilityState === 'visible') {
        known = merge(known, await fetchAfter(asset, known ? known.to - overlapS : 0, signal))
        if (!signal.aborted) listener.onHistory(known)
      }
    } catch (thrown) {
      if (signal.aborted) return
      listener.onFailure(thrown instanceof Error ? thrown.message : String(thrown))
    }
    await new Promise(resolve => setTimeout(resolve, everyMs))
  }
}

/** @param {string} asset @param {number} after @param {AbortSignal} signal @returns {Promise<AssetHistory>} */
async function fetchAfter(asset, after, signal) {
  const response = await fetch(`/api/assets/${encodeURIComponent(asset)}/history?after=${after}`, { signal })
  if (response.status === 404) throw new Error('This plant has no such machine')
  if (!response.ok) throw new Error(`The board answered ${response.status}`)
  return response.json()
}

/** @param {AssetHistory | undefined} known @param {AssetHistory} news @returns {AssetHistory} */
function merge(known, news) {
  if (!known) return news
  const tags = new Map(known.tags.map(tag => [tag.name, tag.history]))
  const signals = new Map(known.signals.map(signal => [signal.name, signal.history]))
  const oldest = news.to - 900
  return {
    ...news,
    tags: news.tags.map(tag => ({
      ...tag,
      history: append(tags.get(tag.name), tag.history, news.from, oldest),
    })),
    signals: news.signals.map(signal => {
      return { ...signal, history: append(signals.get(signal.name), signal.history, news.from, oldest) }
    }),
  }
}

/**
 * @template {{ t: number[] }} History
 * @param {History | undefined} old
 * @param {History} news
 * @param {number} from what is after it is replaced
 * @param {number} oldest what is before it is dropped
 * @returns {History}
 */
function append(old, news, from, oldest) {
  if (!old) return news
  const first = old.t.findIndex(t => t > oldest)
  const end = old.t.findIndex(t => t > from)
  const start = first < 0 ? old.t.length : first
  const stop = end < 0 ? old.t.length : end
  const was = /** @type {Columns} */ (/** @type {unknown} */ (old))
  const columns = Object.entries(news).map(([name, values]) => [
    name,
    [...(was[name] ?? []).slice(start, stop), ...values],
  ])
  return Object.fromEntries(columns)
}
