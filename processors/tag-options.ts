import { Type } from 'typebox'
import { everyOption } from './announce.ts'
import { machineStateOptions } from './machine-state.ts'
import { trustOptions } from './trust.ts'

/** Of every kind that watches one tag. */
export const tagOptions = {
  tag: Type.String({ description: 'The telemetry tag that is watched.' }),
  ...machineStateOptions,
  ...trustOptions,
  ...everyOption(),
}

/** Severities by a number that is the worse the greater it is. */
export const severities = (description: string, warning: number, alarm: number) =>
  Type.Object(
    {
      warning: Type.Number({ exclusiveMinimum: 0, default: warning, description: 'From here on a warning.' }),
      alarm: Type.Number({ exclusiveMinimum: 0, default: alarm, description: 'From here on an alarm.' }),
    },
    { additionalProperties: false, default: {}, description },
  )

export function verdictAt(
  value: number,
  { warning, alarm }: { readonly warning: number; readonly alarm: number },
): 'normal' | 'warning' | 'alarm' {
  if (value >= alarm) return 'alarm'
  return value >= warning ? 'warning' : 'normal'
}
