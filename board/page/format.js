// @ts-check
const minus = '\u2212'
const thinSpace = '\u202f'
export const none = '\u2013'

/** UCUM codes that people write otherwise. */
const unitNames = new Map(
  Object.entries({
    Cel: '°C',
    K: 'K',
    1: '',
    'm/s2': 'm/s²',
    '/min': '1/min',
    '{rpm}': 'rpm',
    'L/min': 'l/min',
    'm3/h': 'm³/h',
    um: 'µm',
    deg: '°',
    Ohm: 'Ω',
  }),
)

/** @param {string} unit */
export function formatUnit(unit) {
  return unitNames.get(unit) ?? unit.replace(/^\{(.*)\}$/, '$1')
}

/**
 * The figure of a `parts` signal is the share of scrap, whatever the plant calls its parts.
 * @param {{ processor: string, unit: string }} signal
 */
export function formatSignalUnit({ processor, unit }) {
  return processor === 'parts' ? `${formatUnit(unit)} scrap` : formatUnit(unit)
}

/**
 * As many digits as a person reads at a glance; the same for all values of one size, so that figures do not jump.
 * @param {number} value
 */
export function formatNumber(value) {
  const size = Math.abs(value)
  if (size !== 0 && (size >= 1e7 || size < 1e-3)) return value.toExponential(2).replace('-', minus)
  const digits = Number.isInteger(value) || size >= 1000 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3
  return groupThousands(value.toFixed(digits)).replace('-', minus)
}

/** @param {string} text */
function groupThousands(text) {
  const [whole = '', fraction] = text.split('.')
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, thinSpace)
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

/**
 * Any value a tag can have; long ones are cut.
 * @param {unknown} value
 */
export function formatValue(value) {
  if (value === null || value === undefined) return none
  if (typeof value === 'number') return formatNumber(value)
  if (typeof value === 'boolean') return value ? 'on' : 'off'
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return text.length > 24 ? `${text.slice(0, 23)}…` : text
}

/**
 * A count in few characters: 980, 12.4 k, 3.1 M.
 * @param {number} count
 */
export function formatCount(count) {
  if (count < 10_000) return groupThousands(String(Math.round(count)))
  if (count < 1e6) return `${(count / 1e3).toFixed(1)}${thinSpace}k`
  return `${(count / 1e6).toFixed(1)}${thinSpace}M`
}

/**
 * `oil-temperature` as a person says it.
 * @param {string} name
 */
export function formatName(name) {
  const words = name.replaceAll('-', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

/** @param {string} reason names may begin it, and those are small */
export function formatSentence(reason) {
  return reason.charAt(0).toUpperCase() + reason.slice(1)
}

/**
 * Local time of day; with the day when it is not today's.
 * @param {number} ms UTC
 * @param {number} now ms UTC
 */
export function formatTime(ms, now) {
  const time = new Date(ms)
  const clock = time.toLocaleTimeString('en-GB')
  if (time.toDateString() === new Date(now).toDateString()) return clock
  return `${time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short' })} ${clock}`
}

/** @param {number} ms */
export function formatDuration(ms) {
  const seconds = Math.max(0, Math.round(ms / 1000))
  if (seconds < 60) return `${seconds} s`
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`
  if (seconds < 172_800) return `${Math.floor(seconds / 3600)} h`
  return `${Math.floor(seconds / 86_400)} days`
}
