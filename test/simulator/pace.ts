import { type Change, type DemoPlant, stepS } from './plant.ts'

const tickMs = 10
/** A process that was suspended for longer does not catch up: the plant stood still meanwhile. */
const longestCatchUpMs = 5_000

/**
 * Lets a plant run beside the wall clock. The only clock of the simulator is here: the plant sees steps alone.
 * @param speed seconds of the plant a second
 * @param onChange told after each step that changed something a controller shows; `at` is the plant's time, ms UTC
 */
export function startPace(
  plant: DemoPlant,
  speed: number,
  onChange: (at: number, change: Change) => void,
): { stop(): void } {
  const stepMs = stepS * 1_000
  let plantTime = Date.now()
  let lastTick = plantTime
  let owedMs = 0
  onChange(plantTime, { readings: true, blocks: Object.values(plant.presses) })
  const tick = () => {
    const now = Date.now()
    const passed = now - lastTick
    lastTick = now
    if (passed > longestCatchUpMs) plantTime += passed
    else owedMs += Math.max(0, passed) * speed
    for (; owedMs >= stepMs; owedMs -= stepMs) {
      const change = plant.step()
      plantTime += stepMs
      if (change.readings || change.blocks.length > 0) onChange(plantTime, change)
    }
  }
  const timer = setInterval(tick, tickMs)
  return { stop: () => clearInterval(timer) }
}
