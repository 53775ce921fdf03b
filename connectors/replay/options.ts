import { type Static, Type } from 'typebox'
import { assetPattern, segmentPattern } from '../../model/index.ts'

const closed = { additionalProperties: false } as const

/** Options of a recording that is played in as a machine. */
export const options = Type.Object(
  {
    endpoint: Type.String({
      pattern: '^file:///.+$',
      description: 'the recording, on the server that runs the connector: `file:///var/recordings/press.csv`',
    }),
    format: Type.Union(
      [Type.Literal('auto'), Type.Literal('csv'), Type.Literal('json-lines'), Type.Literal('f32')],
      {
        default: 'auto',
        description:
          'of the file; `auto` by its name. `csv`: a time column and a column a tag. `json-lines`: telemetry records as `millrace tail telemetry --json` prints them. `f32`: one waveform, float32 little endian',
      },
    ),
    asset: Type.Optional(
      Type.String({
        pattern: assetPattern,
        description:
          'whose recording it is, for tags that are not declared; needed unless the file is json-lines, which names assets itself',
      }),
    ),
    timeColumn: Type.Optional(
      Type.String({ minLength: 1, description: 'csv: the column of the times; left out: the first one' }),
    ),
    timeUnit: Type.Union(
      [Type.Literal('auto'), Type.Literal('s'), Type.Literal('ms'), Type.Literal('us'), Type.Literal('ns')],
      {
        default: 'auto',
        description:
          'csv: unit of times that are numbers; `auto` by their size. Times that are text are ISO 8601, UTC where they name no zone',
      },
    ),
    sampleRateHz: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'f32, and needed there: samples a second' }),
    ),
    blockSamples: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'f32: of a block; left out: one second' }),
    ),
    waveformTag: Type.Optional(
      Type.String({
        pattern: `^${segmentPattern}$`,
        description: 'f32: name of the tag where none is declared; left out: made of the name of the file',
      }),
    ),
    start: Type.Optional(
      Type.String({ minLength: 1, description: 'f32: time of the first sample, ISO 8601; left out: 1970' }),
    ),
    times: Type.Union([Type.Literal('now'), Type.Literal('recorded')], {
      default: 'now',
      description:
        '`now`: shifted, so that the recording happens now. `recorded`: as they are; what is older than the windows of the aggregates is then counted as late',
    }),
    speed: Type.Union([Type.Number({ exclusiveMinimum: 0 }), Type.Literal('max')], {
      default: 1,
      description:
        'how many times faster than it was recorded. With times `now` the machine itself runs so much faster; `max` goes with times `recorded`',
    }),
    loop: Type.Boolean({
      default: false,
      description: 'from its end on again from its beginning, for ever; goes with times `now`',
    }),
    run: Type.String({
      default: '1',
      description:
        'a recording is played once a run, whatever is restarted meanwhile; another text here plays it once more',
    }),
    publishingIntervalMs: Type.Integer({
      minimum: 10,
      default: 200,
      description: 'samples due within this time go on together',
    }),
  },
  { ...closed, $id: 'replay-options', title: 'Replay source' },
)
export type Options = Static<typeof options>

/** Which part of the recording a tag is. */
export const address = Type.Object(
  {
    column: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'csv: name of the column; json-lines: name of the recorded tag, or its asset, slash and name; left out: the name of the tag. An f32 has one tag',
      }),
    ),
  },
  { ...closed, $id: 'replay-address', title: 'Replay tag address' },
)
export type Address = Static<typeof address>
