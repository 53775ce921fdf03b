import { setTimeout as sleep } from 'node:timers/promises'
import type { Sample, Tag } from '../../model/index.ts'
import type { Options } from './options.ts'
import { type Pace, paceFrom } from './pace.ts'
import type { Progress } from './progress.ts'
import { type Frame, framesOf, type Reading, type Recording } from './recording.ts'
import type { TagOf } from './tags.ts'

/** More samples than this go on in parts. */
const batchSamples = 5_000

export type Playing = {
  readonly options: Options
  readonly recording: Recording
  readonly tagOf: TagOf
  /** Declared tags that the recording does not have: each gets a bad sample at its beginning. */
  readonly missing: (t: number) => Sample[]
  /** Hands samples on, with the progress that they make. */
  readonly hand: (samples: readonly Sample[], progress: Progress) => Promise<void>
  readonly signal: AbortSignal
}

/** Plays from where `progress` is to the end, or in a loop, until aborted. */
export async function play(playing: Playing, progress: Progress): Promise<void> {
  const { options, recording } = playing
  const { first, last, frames } = recording
  // Between the end of one pass and the beginning of the next lies the mean step.
  const step = frames > 1 ? (last - first) / (frames - 1) : 1e6
  let pace = paceFrom(await momentOf(progress.frames, playing), Date.now(), options)
  let from = progress
  while (await pass(playing, from, pace)) {
    if (!options.loop) return playing.hand([], { ...progress, frames, played: true })
    from = { ...progress, frames: 0 }
    pace = paceFrom(first, Math.max(pace.dueMs(last + step), Date.now()), options)
  }
}

/** The recorded time of the frame that is to be played next. */
async function momentOf(played: number, { options, recording }: Playing): Promise<number> {
  if (played === 0) return recording.first
  let left = played
  for await (const { t } of framesOf(options)) if (left-- === 0) return t
  return recording.last
}

/** Plays once to the end; resolves with false when aborted before. */
async function pass(playing: Playing, from: Progress, pace: Pace): Promise<boolean> {
  const { options, recording, missing, hand, signal } = playing
  let batch = from.frames === 0 ? missing(pace.stamp(recording.first)) : []
  let frames = 0
  let handedAt = Date.now()
  const handOn = async () => {
    if (batch.length > 0) await hand(batch, { ...from, frames })
    batch = []
    handedAt = Date.now()
  }
  for await (const frame of framesOf(options)) {
    if (frames >= from.frames) {
      const waitMs = Math.max(pace.dueMs(frame.t) - Date.now(), 0)
      const isDue = Date.now() + waitMs - handedAt >= options.publishingIntervalMs
      if (isDue || batch.length >= batchSamples) await handOn()
      if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {})
      if (signal.aborted) return false
      batch.push(...samplesOf(frame, playing, pace))
    }
    frames++
  }
  await handOn()
  return true
}

function samplesOf({ readings }: Frame, { tagOf }: Playing, pace: Pace): Sample[] {
  return readings.flatMap(reading => {
    const tag = tagOf(reading)
    return tag ? [sampleOf(tag, reading, pace)] : []
  })
}

function sampleOf(tag: Tag, { t, value, status, code, picoseconds }: Reading, pace: Pace): Sample {
  return {
    tag,
    t: pace.stamp(t),
    value,
    status,
    ...(code !== undefined && { code }),
    ...(picoseconds !== undefined && { picoseconds }),
  }
}
