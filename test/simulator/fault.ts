import { type Static, Type } from 'typebox'

const on = Type.Boolean({ description: 'false ends the fault' })
const press = Type.Union([Type.Literal('press-1'), Type.Literal('press-2')])
const strict = { additionalProperties: false }

/** What can be made to go wrong, as the function API and as JSON lines on the process's standard input. */
export const Fault = Type.Union([
  Type.Object(
    {
      fault: Type.Literal('stop'),
      machine: Type.Union([press, Type.Literal('hydraulics'), Type.Literal('furnace')]),
      on,
    },
    {
      ...strict,
      description: 'opens the main contactor: a flywheel runs down, pressure falls, the furnace cools',
    },
  ),
  Type.Object(
    { fault: Type.Literal('unplug'), source: Type.String(), on },
    { ...strict, description: 'cuts every connection of the source and refuses new ones' },
  ),
  Type.Object(
    {
      fault: Type.Literal('sensor'),
      source: Type.String(),
      point: Type.String({ description: 'Press1.MotorCurrent, or DB10,REAL2' }),
      status: Type.Union([Type.String(), Type.Null()], {
        description: 'name of an OPC UA status code, null for good; S7 shows any as a broken wire',
      }),
    },
    strict,
  ),
  Type.Object(
    {
      fault: Type.Literal('wear'),
      machine: Type.Union([press, Type.Literal('hydraulics')]),
      perS: Type.Number({
        minimum: 0,
        description:
          "growth of the wear: spalled part of the track, or added leakage as a part of a new pump's",
      }),
    },
    strict,
  ),
  Type.Object(
    { fault: Type.Literal('repair'), machine: press },
    { ...strict, description: 'a new spindle bearing, which stays as it is until the next wear fault' },
  ),
  Type.Object(
    { fault: Type.Literal('trust'), source: Type.String(), certificate: Type.String() },
    { ...strict, description: "not a fault: trusts a client's certificate (PEM or DER file) from now on" },
  ),
])
export type Fault = Static<typeof Fault>
