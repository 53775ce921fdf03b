/** What a device's exception codes mean (Modbus Application Protocol V1.1b3, 7) for a sample and for a person. */
import { type ErrorCode, MillraceError, type StatusCode, status } from '../../model/index.ts'

/** No exception. */
export const good = 0
/** No code of Modbus: an answer that is not the one to the request. */
export const malformed = -1

type Meaning = {
  readonly status: StatusCode
  readonly error: ErrorCode
  readonly transient?: boolean
  readonly text: string
  readonly hint: string
}

const addressHint =
  "Check area and number against the device's manual: numbers like 40001 count from 1, holding/0 from 0"
const gatewayHint = 'Check the unit id, and the wiring behind the gateway'

const meanings: Readonly<Record<number, Meaning>> = {
  [malformed]: {
    status: status.badDecodingError,
    error: 'bad-payload',
    text: 'the answer does not fit the request',
    hint: 'The device breaks the protocol here; read this tag alone (gapRegisters: 0) or lower maxRegisters',
  },
  1: {
    status: status.badNotSupported,
    error: 'unsupported',
    text: 'the device does not have this function',
    hint: 'Use another area: many devices have holding registers alone',
  },
  2: { status: status.badNodeIdUnknown, error: 'bad-address', text: 'no such address', hint: addressHint },
  3: {
    status: status.badOutOfRange,
    error: 'bad-address',
    text: 'the device takes no such count or value',
    hint: 'Lower maxRegisters and maxBits to what its manual allows; of a write: check the value',
  },
  4: {
    status: status.badDeviceFailure,
    error: 'refused',
    text: 'the device failed while answering',
    hint: 'Look at the device; some answer so for a register that does not exist',
  },
  5: {
    status: status.badTimeout,
    error: 'timeout',
    transient: true,
    text: 'the device needs longer',
    hint: 'Raise scanMs',
  },
  6: {
    status: status.badTimeout,
    error: 'timeout',
    transient: true,
    text: 'the device is busy',
    hint: 'Raise scanMs, or let fewer clients read it',
  },
  10: {
    status: status.badNoCommunication,
    error: 'unreachable',
    transient: true,
    text: 'the gateway has no path to the unit',
    hint: gatewayHint,
  },
  11: {
    status: status.badNoCommunication,
    error: 'unreachable',
    transient: true,
    text: 'the unit behind the gateway does not answer',
    hint: gatewayHint,
  },
}

/** Any other code: bad, and told by its number. */
function meaningOf(code: number): Meaning {
  const unknown: Meaning = {
    status: status.bad,
    error: 'refused',
    text: 'refused',
    hint: "Look the code up in the device's manual",
  }
  return meanings[code] ?? unknown
}

export function statusOf(code: number): StatusCode {
  return code === good ? status.good : meaningOf(code).status
}

/** Why a tag cannot be read or written. */
export function exceptionError(code: number, what: string): MillraceError {
  const { error, transient = false, text, hint } = meaningOf(code)
  const told = code === malformed ? text : `${text} (Modbus exception ${code})`
  return new MillraceError(error, `${what}: ${told}`, { transient, hint })
}

/** Whether one address of a block can be the reason that the whole block is refused. */
export function mayBeOneAddress(code: number): boolean {
  return code === 2 || code === 3 || code === 4 || code === malformed
}
