import logUpdate from 'log-update'

export type Progress = {
  /** Shows the step until the work is done; `note` may tell more meanwhile. Rethrows what the work throws. */
  step<T>(label: string, work: (note: (text: string) => void) => Promise<T>): Promise<T>
}

type Step = { label: string; note: string; startedAt: number; seconds?: number; failed?: boolean }

/** On a terminal all steps in one moving picture; elsewhere a line a step when it ends. Steps may run side by side. */
export function openProgress(stream: NodeJS.WriteStream): Progress {
  const steps: Step[] = []
  const seconds = (step: Step) => step.seconds ?? Math.round((Date.now() - step.startedAt) / 1000)
  const line = (step: Step) => {
    const mark = step.failed ? '✗' : step.seconds === undefined ? '…' : '✓'
    const took = seconds(step) >= 1 ? ` ${seconds(step)} s` : ''
    return `  ${mark} ${step.label}${step.note && `: ${step.note}`}${took}`
  }
  const draw = () => {
    if (stream.isTTY) logUpdate(steps.map(line).join('\n'))
  }
  let running = 0
  let timer: NodeJS.Timeout | undefined
  return {
    async step(label, work) {
      const step: Step = { label, note: '', startedAt: Date.now() }
      steps.push(step)
      if (running++ === 0) timer = setInterval(draw, 250)
      draw()
      try {
        return await work(note => {
          step.note = note
        })
      } catch (error) {
        step.failed = true
        throw error
      } finally {
        step.seconds = seconds(step)
        draw()
        if (--running === 0) clearInterval(timer)
        if (!stream.isTTY) stream.write(`${line(step)}\n`)
        else if (running === 0) {
          logUpdate.done()
          steps.length = 0
        }
      }
    },
  }
}
