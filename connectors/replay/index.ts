import { MillraceError } from '../../model/index.ts'
import type { ConnectorKind, Source } from '../contract.ts'
import { browse, locate } from './browse.ts'
import { replayConnector } from './connector.ts'
import { type Address, address, type Options, options } from './options.ts'
import { formatOf } from './recording.ts'
import { timeOf } from './time.ts'

/** A recording that is played in as a machine. */
export const replay: ConnectorKind<Options, Address> = {
  kind: 'replay',
  options,
  address,
  schemes: ['file'],
  discovers: true,
  locate,
  browse,
  open: (source, report) => {
    check(source)
    return replayConnector(source, report)
  },
}

/** What no schema can tell. */
function check({ name, options, tags }: Source<Options, Address>): void {
  const wrong = (message: string, hint: string) => {
    throw new MillraceError('config-invalid', `Source ${name}: ${message}`, { hint })
  }
  const { times, speed, loop, asset, sampleRateHz, start } = options
  const format = formatOf(options)
  if (loop && times === 'recorded')
    wrong('a loop cannot have its times as recorded', 'Set times to now, or leave loop out')
  if (speed === 'max' && times === 'now')
    wrong('speed max leaves no time between samples', 'Set times to recorded, or speed to a number')
  if (format === 'f32' && sampleRateHz === undefined)
    wrong('a waveform needs sampleRateHz', 'Say how many samples a second there are')
  if (start !== undefined && timeOf(start, 'auto') === undefined)
    wrong(`start "${start}" is not a time`, 'Write it as 2026-03-01T06:00:00Z')
  if (tags.length === 0 && asset === undefined && format !== 'json-lines')
    wrong('nothing says whose recording it is', 'Set asset, or declare tags')
  if (format === 'f32' && tags.some(({ tag }) => tag.class !== 'waveform'))
    wrong('the tag of an f32 file is a waveform', 'Give it class: waveform')
  if (format === 'f32' && tags.length > 1) wrong('an f32 file has one tag', 'Declare one')
}
