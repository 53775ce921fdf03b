import { basename } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sourceOptions } from '../../config/source-options.ts'
import { recordsOf, sealed } from '../../connectors/buffer/records.ts'
import { replay } from '../../connectors/replay/index.ts'
import type { Options } from '../../connectors/replay/options.ts'
import { type Frame, formatOf, framesOf } from '../../connectors/replay/recording.ts'
import { type TagOf, tagFinder } from '../../connectors/replay/tags.ts'
import type { InRecord } from '../../edge-broker/kafka.ts'
import { partitionOf } from '../../edge-broker/partition.ts'
import { lineOf, MillraceError, type Sample, segmentOf } from '../../model/index.ts'
import type { FileInput } from './job.ts'

/** By the same path as a machine: samples become records as the disk buffer makes them. */
export async function* recordingHistory(
  file: FileInput,
  partitions: number,
): AsyncGenerator<readonly InRecord[]> {
  const options = playedOptions(file)
  const name = `backtest-${segmentOf(basename(file.path).replace(/\.[^.]*$/, ''))}`
  const tagOf = tagFinder({ name, options, tags: [], stateDir: '' })
  let seq = 0
  for await (const frame of framesOf(options)) {
    yield recordsOf(samplesOf(frame, tagOf)).map(row => {
      seq++
      const { key, value, headers } = sealed({ ...row, seq, receivedAt: frame.t }, name, 1)
      return {
        topic: row.topic,
        partition: partitionOf(lineOf(row.asset), partitions),
        offset: BigInt(seq),
        timestamp: Math.floor(frame.t / 1_000),
        key,
        value: Buffer.from(value),
        headers: headers ? new Map(Object.entries(headers)) : new Map<string, string>(),
      }
    })
  }
}

function samplesOf({ readings }: Frame, tagOf: TagOf): Sample[] {
  return readings.flatMap(reading => {
    const tag = tagOf(reading)
    const { name: _, asset: __, ...sample } = reading
    return tag ? [{ tag, ...sample }] : []
  })
}

function playedOptions(file: FileInput): Options {
  const endpoint = pathToFileURL(file.path).href
  const asset = file.asset === undefined ? {} : { asset: file.asset }
  const options = sourceOptions(replay, {
    times: 'recorded',
    speed: 'max',
    ...asset,
    ...file.options,
    endpoint,
  }) as Options
  if (options.asset === undefined)
    throw new MillraceError('config-invalid', `nothing says whose recording ${file.path} is`, {
      hint: 'Name its asset with --as site/area/line/asset',
    })
  if (formatOf(options) === 'f32' && options.sampleRateHz === undefined)
    throw new MillraceError('config-invalid', `nothing says how fast ${file.path} was sampled`, {
      hint: 'Say it with --option sampleRateHz=25600',
    })
  return options
}
