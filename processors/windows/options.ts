import { type Static, Type } from 'typebox'
import { MillraceError } from '../../model/index.ts'
import { bounds } from '../limits/options.ts'

const ms = (description: string, most: number) =>
  Type.Optional(Type.Integer({ minimum: 1, maximum: most, description }))
const day = 86_400_000

export const WindowsOptions = Type.Object(
  {
    tag: Type.String({ description: 'The telemetry tag whose samples are gathered.' }),
    window: Type.Union([Type.Literal('hopping'), Type.Literal('session')], {
      description:
        '`hopping`: of one size, a new one every so often; of source time. `session`: from the first sample after a gap to the last before one.',
    }),
    sizeMs: ms('Hopping: how long a window is, ms.', 31 * day),
    everyMs: ms(
      'Hopping: how far apart windows begin, ms; left out: `sizeMs`. At most 100 overlap.',
      31 * day,
    ),
    gapMs: ms('Session: how long there must be no sample for a session to end, ms.', day),
    statistic: Type.Union(
      ['mean', 'min', 'max', 'std', 'count', 'duration'].map(name => Type.Literal(name)) as never,
      {
        default: 'mean',
        description:
          'What of the window is the value: of its good numbers `mean`, `min`, `max`, `std` (sample standard deviation); `count`, its samples of any quality; `duration`, seconds from its first to its last sample.',
      },
    ),
    warning: bounds('Limits of the value beyond which the verdict is warning.'),
    alarm: bounds('Limits of the value beyond which the verdict is alarm.'),
    latenessMs: Type.Integer({
      minimum: 0,
      maximum: day,
      default: 10_000,
      description: 'How long after its end a window is kept for late samples, which give it out again, ms.',
    }),
    idleMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 10_000,
      description:
        'A source that was silent for so long holds no window back; with all of them silent, windows that have ended are given out, ms.',
    }),
  },
  { additionalProperties: false },
)
type Plain = Static<typeof WindowsOptions>
export type Statistic = 'mean' | 'min' | 'max' | 'std' | 'count' | 'duration'
export type WindowsOptions = Omit<Plain, 'statistic'> & { readonly statistic: Statistic }

const mostOverlapping = 100

/** @throws MillraceError `config-invalid` where the window lacks its measure, or has another one's */
export function refuseShapeless(asset: string, options: WindowsOptions & { readonly name: string }): void {
  const problem = problemOf(options)
  if (problem === undefined) return
  throw new MillraceError('config-invalid', `${asset}, signal ${options.name}: ${problem}`, {
    hint: 'Give a hopping window sizeMs and everyMs, a session gapMs',
  })
}

function problemOf({ window, sizeMs, everyMs = sizeMs, gapMs }: WindowsOptions): string | undefined {
  if (window === 'session') {
    if (gapMs === undefined) return 'a session needs gapMs'
    return sizeMs === undefined && everyMs === undefined
      ? undefined
      : 'a session has no sizeMs and no everyMs'
  }
  if (sizeMs === undefined || everyMs === undefined) return 'a hopping window needs sizeMs'
  if (gapMs !== undefined) return 'a hopping window has no gapMs'
  if (everyMs > sizeMs) return 'everyMs is longer than sizeMs: samples between windows would be in none'
  return sizeMs / everyMs > mostOverlapping ? `more than ${mostOverlapping} windows overlap` : undefined
}
