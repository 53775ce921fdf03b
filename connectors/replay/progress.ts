/** How far a recording is played: what the connector leaves with its samples, all or nothing, to resume from. */
export type Progress = {
  /** The content of the file and the run: another one begins at its beginning. */
  readonly of: string
  /** Frames of this pass that are played. */
  readonly frames: number
  readonly played: boolean
}

export function progressFrom(resume: string | undefined, of: string): Progress {
  const stored = read(resume)
  return stored?.of === of ? stored : { of, frames: 0, played: false }
}

/** Whether what a connector left says that its recording was played to its end. */
export function isPlayed(resume: string | undefined): boolean {
  return read(resume)?.played === true
}

/** Text of another connector kind under the same source name counts as none. */
function read(resume: string | undefined): Progress | undefined {
  try {
    const parsed: unknown = JSON.parse(resume ?? 'null')
    const { of, frames, played } = (parsed ?? {}) as Partial<Progress>
    if (typeof of !== 'string' || typeof frames !== 'number' || typeof played !== 'boolean') return undefined
    return { of, frames, played }
  } catch {
    return undefined
  }
}
