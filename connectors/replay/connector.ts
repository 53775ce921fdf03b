import { once } from 'node:events'
import { MillraceError, type Sample, status } from '../../model/index.ts'
import { nearest } from '../../model/nearest.ts'
import type { Connector, Report, Source } from '../contract.ts'
import type { Address, Options } from './options.ts'
import { play } from './player.ts'
import { progressFrom } from './progress.ts'
import { type Recording, survey } from './recording.ts'
import { type Declared, declaredTags, tagFinder } from './tags.ts'

/** Plays a recording at its pace. When it is played it goes on as a machine from which nothing comes any more. */
export function replayConnector(source: Source<Options, Address>, report: Report): Connector {
  const { options, resume } = source
  let recording: Recording | undefined
  return {
    async connect(signal) {
      recording = await survey(options, signal)
      for (const { tag, column } of missingTags(source, recording))
        report.tag(tag, notRecorded(options, column, recording))
    },
    async run(emit, signal) {
      if (!recording) throw new MillraceError('internal', 'run() before connect()')
      const missing = missingTags(source, recording)
      const playing = {
        options,
        recording,
        signal,
        tagOf: tagFinder(source),
        missing: (t: number) => missing.map(({ tag }) => badSample(tag, t)),
        hand: async (samples: readonly Sample[], next: object) => {
          await emit(samples, JSON.stringify(next))
          report.expected(samples.length)
        },
      }
      const progress = progressFrom(resume, `${recording.sha256} ${options.run}`)
      if (progress.played) await playing.hand([], progress)
      else await play(playing, progress)
      if (!signal.aborted) await once(signal, 'abort')
    },
    async close() {},
  }
}

function missingTags(source: Source<Options, Address>, { names }: Recording): Declared[] {
  return names.has('') ? [] : declaredTags(source).filter(({ column }) => !names.has(column))
}

function badSample(tag: Sample['tag'], t: number): Sample {
  return { tag, t, value: null, status: status.badNodeIdUnknown }
}

function notRecorded({ endpoint }: Options, column: string, { names }: Recording): MillraceError {
  const near = nearest(column, names)
  return new MillraceError('bad-address', `${endpoint} has no "${column}"`, {
    hint: near ? `Did you mean "${near}"?` : `It has ${[...names].slice(0, 20).join(', ')}`,
  })
}
