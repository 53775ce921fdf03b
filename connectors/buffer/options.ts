import { type Static, Type } from 'typebox'

const policy = (fallback: 'back-pressure' | 'drop-oldest', description: string) =>
  Type.Union([Type.Literal('back-pressure'), Type.Literal('drop-oldest')], { default: fallback, description })

/** `buffer` of a file in machines/: how a source's samples wait on disk while Kafka is away. */
export const BufferOptions = Type.Object(
  {
    maxMiB: Type.Integer({
      minimum: 1,
      maximum: 1_048_576,
      default: 1024,
      description: 'Bound of what waits for Kafka, MiB.',
    }),
    minFreeMiB: Type.Integer({
      minimum: 16,
      maximum: 1_048_576,
      default: 256,
      description: 'Free space that the buffer leaves on its disk; below it the buffer counts as full, MiB.',
    }),
    whenFull: Type.Object(
      {
        telemetry: policy(
          'back-pressure',
          'Tags of class telemetry: `back-pressure` lets the queue of the device fill up, `drop-oldest` drops what has waited longest.',
        ),
        waveform: policy(
          'drop-oldest',
          'The same for tags of class waveform; where both classes may be dropped, waveforms go first.',
        ),
      },
      { default: {}, description: 'What gives way when the buffer is full. Every loss is in the ledger.' },
    ),
    catchUpKiBPerS: Type.Integer({
      minimum: 64,
      maximum: 1_048_576,
      default: 4096,
      description:
        'How fast an old backlog is sent, so that live data of other sources is not held up, KiB a second; never less than twice what the source brings.',
    }),
  },
  { default: {}, description: 'How samples wait on disk while Kafka is away.' },
)
export type BufferOptions = Static<typeof BufferOptions>
