// @ts-check
/**
 * @typedef {import('../messages.ts').LiveMessage} LiveMessage
 * @typedef {import('../messages.ts').Snapshot} Snapshot
 * @typedef {import('../messages.ts').Changes} Changes
 * @typedef {import('../messages.ts').Health} Health
 * @typedef {import('../plant.ts').CardAsset} CardAsset
 * @typedef {import('../status.ts').MachineStatus} MachineStatus
 * @typedef {import('../status.ts').OpenAlarm} OpenAlarm
 * @typedef {import('../series-table.ts').TagValue} TagValue
 * @typedef {import('../series-table.ts').SignalValue} SignalValue
 * @typedef {import('../series-table.ts').Curve} Curve
 */

/** What the page knows of the plant: the last snapshot with all changes since. */
export class State {
  title = ''
  /** @type {CardAsset[]} */
  assets = []
  /** @type {Health | undefined} */
  health
  /** @type {OpenAlarm[]} */
  alarms = []
  /** @type {Map<string, MachineStatus>} by asset */
  machines = new Map()
  /** @type {Map<string, TagValue>} by `<asset> <tag>` */
  values = new Map()
  /** @type {Map<string, SignalValue>} by `<asset> <signal>` */
  signals = new Map()
  /** @type {Map<string, Curve>} */
  tagCurves = new Map()
  /** @type {Map<string, Curve>} */
  signalCurves = new Map()
  #serverMs = 0
  #heardAt = 0

  /** Whether anything was heard yet. */
  get known() {
    return this.health !== undefined
  }

  /** The board's clock now, ms UTC: the machines' times are compared with it, not with this device's. */
  now() {
    return this.known ? this.#serverMs + (performance.now() - this.#heardAt) : Date.now()
  }

  /** The board's clock at its last message, ms UTC. */
  get heardMs() {
    return this.#serverMs
  }

  /**
   * @param {LiveMessage} message
   * @returns {{ all: boolean, alarms: boolean, assets: Set<string> }} what must be drawn again
   */
  apply(message) {
    this.health = message.health
    this.#serverMs = Date.parse(message.health.at)
    this.#heardAt = performance.now()
    if (message.type === 'snapshot') {
      this.#replace(message)
      return { all: true, alarms: true, assets: new Set() }
    }
    return this.#merge(message)
  }

  /** @param {Snapshot} snapshot */
  #replace(snapshot) {
    this.title = snapshot.title
    this.assets = snapshot.assets
    this.alarms = snapshot.alarms
    this.machines = new Map(snapshot.machines.map(machine => [machine.asset, machine]))
    this.values = new Map(snapshot.values.map(value => [`${value.asset} ${value.tag}`, value]))
    this.signals = new Map(snapshot.signals.map(signal => [`${signal.asset} ${signal.signal}`, signal]))
    this.tagCurves = new Map(Object.entries(snapshot.tagCurves))
    this.signalCurves = new Map(Object.entries(snapshot.signalCurves))
  }

  /** @param {Changes} changes */
  #merge(changes) {
    const assets = new Set()
    for (const machine of changes.machines ?? []) {
      this.machines.set(machine.asset, machine)
      assets.add(machine.asset)
    }
    for (const value of changes.values ?? []) {
      const key = `${value.asset} ${value.tag}`
      this.values.set(key, value)
      extend(this.tagCurves, key, value.t, value.mean)
      assets.add(value.asset)
    }
    for (const signal of changes.signals ?? []) {
      const key = `${signal.asset} ${signal.signal}`
      this.signals.set(key, signal)
      extend(this.signalCurves, key, signal.t, signal.value)
      assets.add(signal.asset)
    }
    if (changes.alarms) this.alarms = changes.alarms
    return { all: false, alarms: changes.alarms !== undefined, assets }
  }
}

const curvePoints = 40
const curveStepS = 15

/**
 * The newest point of a step stands for it until the next snapshot brings its mean.
 * @param {Map<string, Curve>} curves
 * @param {string} key
 * @param {number} ms
 * @param {number | null} value
 */
function extend(curves, key, ms, value) {
  const second = Math.floor(ms / 1000)
  const curve = curves.get(key) ?? { end: second, stepS: curveStepS, values: Array(curvePoints).fill(null) }
  curves.set(key, curve)
  const steps = Math.max(0, Math.ceil((second - curve.end) / curve.stepS))
  for (let step = 0; step < Math.min(steps, curvePoints); step++) {
    curve.values.shift()
    curve.values.push(null)
  }
  curve.end += steps * curve.stepS
  if (value !== null) curve.values[curve.values.length - 1] = value
}
