import { type Static, Type } from 'typebox'
import { measuredOptions } from '../measured.ts'

export const ControlChartOptions = Type.Object(
  {
    ...measuredOptions,
    subgroup: Type.Integer({
      minimum: 1,
      maximum: 10,
      default: 1,
      description:
        'Measurements in a row that make one point. 2 to 10: their mean and range (X-bar/R); 1: the value and its distance from the last one (individuals and moving range).',
    }),
    baseline: Type.Integer({
      minimum: 8,
      maximum: 200,
      default: 25,
      description:
        'Phase I: from so many first points center and limits are computed, once without what is beyond them. Until then: not known.',
    }),
    standard: Type.Optional(
      Type.Object(
        {
          mean: Type.Number({ description: 'In the unit of what is measured.' }),
          sigma: Type.Number({
            exclusiveMinimum: 0,
            description: 'Standard deviation of one measurement, in the same unit.',
          }),
        },
        { additionalProperties: false, description: 'Known values: no phase I.' },
      ),
    ),
    tests: Type.Array(Type.Integer({ minimum: 1, maximum: 8 }), {
      default: [1, 2, 5, 6],
      description:
        "Nelson's tests of a point: 1 beyond 3 standard deviations (an alarm; the others warn), 2 nine on one side, 3 six up or down, 4 fourteen alternating, 5 two of three beyond 2, 6 four of five beyond 1, 7 fifteen within 1, 8 eight beyond 1. Each more of them finds more, and warns more often of nothing.",
    }),
  },
  { additionalProperties: false },
)
export type ControlChartOptions = Static<typeof ControlChartOptions>
