import { type Static, Type } from 'typebox'
import { bounds } from '../limits/options.ts'

const clockTime = (description: string) =>
  Type.String({
    pattern: '^([01][0-9]|2[0-3]):[0-5][0-9]$',
    description: `${description}, local time, \`HH:MM\`.`,
  })

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const

const Shift = Type.Object(
  {
    name: Type.String({ minLength: 1, description: 'Shown to people.' }),
    days: Type.Array(Type.Union(weekdays.map(day => Type.Literal(day))), {
      minItems: 1,
      uniqueItems: true,
      description: 'The days on which it begins.',
    }),
    from: clockTime('When it begins'),
    to: clockTime('When it ends; not after `from`: on the next day'),
    breaks: Type.Array(
      Type.Object(
        { from: clockTime('When the break begins'), to: clockTime('When it ends') },
        { additionalProperties: false },
      ),
      { default: [], description: 'Time in which no production is planned.' },
    ),
  },
  { additionalProperties: false },
)
export type Weekday = (typeof weekdays)[number]
export type Shift = Omit<Static<typeof Shift>, 'days'> & { readonly days: readonly Weekday[] }

export const OeeOptions = Type.Object(
  {
    stateTag: Type.String({ description: 'Text, integer or boolean that tells what the machine does.' }),
    runningStates: Type.Array(Type.String(), {
      minItems: 1,
      uniqueItems: true,
      description: 'Its values in which the machine produces, written as text: `"running"`, `"3"`, `"true"`.',
    }),
    totalTag: Type.Optional(
      Type.String({
        description:
          'Counter of all parts made; `wrap` of the tag is known. May be left out with `parts`, which then counts them too.',
      }),
    ),
    goodTag: Type.Optional(
      Type.String({ description: 'Counter of good parts; this, `scrapTag` or `parts`.' }),
    ),
    scrapTag: Type.Optional(
      Type.String({ description: 'Counter of bad parts; this, `goodTag` or `parts`.' }),
    ),
    parts: Type.Optional(
      Type.String({
        description:
          'The name of the `parts` processor above whose verdicts say which parts are good: ok is, rework and scrap are not; what could not be judged is told, and not counted as good.',
      }),
    ),
    idealCycleMs: Type.Number({
      exclusiveMinimum: 0,
      description: 'Shortest time that a part can take, ms.',
    }),
    timeZone: Type.String({
      description: 'Of the shifts: a name of the IANA data base, such as `Europe/Vienna`.',
    }),
    shifts: Type.Array(Shift, {
      minItems: 1,
      description: 'When production is planned; they must not overlap.',
    }),
    warning: bounds('Limits of the OEE of a shift that has ended, %, beyond which the verdict is warning.'),
    alarm: bounds('Limits of the OEE of a shift that has ended, %, beyond which the verdict is alarm.'),
    everyMs: Type.Integer({
      minimum: 1_000,
      default: 60_000,
      description: 'How often the running value is given out during a shift, ms of source time.',
    }),
    latenessMs: Type.Integer({
      minimum: 0,
      maximum: 3_600_000,
      default: 10_000,
      description: 'How long samples are waited for before they are put in order, ms of source time.',
    }),
    idleMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 300_000,
      description:
        'Of a machine that was silent for so long the state is not known since its last sample; its shifts end by ticks, ms.',
    }),
  },
  { additionalProperties: false },
)
export type OeeOptions = Omit<Static<typeof OeeOptions>, 'shifts'> & { readonly shifts: readonly Shift[] }
