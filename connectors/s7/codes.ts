/** What an S7 device's codes mean for a sample and for a person. */
import { type ErrorCode, MillraceError, type StatusCode, status } from '../../model/index.ts'

/** Item return code of success. */
export const good = 0xff

type Meaning = {
  readonly status: StatusCode
  readonly error: ErrorCode
  readonly text: string
  readonly hint: string
}

const blockHint =
  'Check the block number and offset in the PLC; on S7-1200/1500 the block must have "Optimized block access" off'
const accessHint =
  'In the PLC switch "Optimized block access" of the block off and permit "PUT/GET communication from remote partner"'

/** Item return codes (SIMATIC NET, return values of S7 variable services). */
const itemMeanings: Readonly<Record<number, Meaning>> = {
  1: {
    status: status.badDeviceFailure,
    error: 'refused',
    text: 'hardware fault in the PLC',
    hint: "Look into the CPU's diagnostic buffer",
  },
  3: { status: status.badUserAccessDenied, error: 'refused', text: 'access denied', hint: accessHint },
  5: {
    status: status.badNodeIdUnknown,
    error: 'bad-address',
    text: 'address beyond the end of its area',
    hint: blockHint,
  },
  6: {
    status: status.badNotSupported,
    error: 'unsupported',
    text: 'data type not supported by the PLC',
    hint: 'Use a type that the CPU has; S7-300/400 have no 64-bit types',
  },
  7: {
    status: status.badTypeMismatch,
    error: 'bad-type',
    text: 'data type or length does not fit',
    hint: 'Compare the address with the block in the PLC program',
  },
  10: {
    status: status.badNodeIdUnknown,
    error: 'bad-address',
    text: 'data block or area does not exist, or ends before',
    hint: blockHint,
  },
}

/** Any other code: bad, and told by its number. */
function meaningOf(code: number): Meaning {
  const text = `refused with code ${hex(code)}`
  return itemMeanings[code] ?? { status: status.bad, error: 'refused', text, hint: accessHint }
}

export function statusOf(code: number): StatusCode {
  return code === good ? status.good : meaningOf(code).status
}

/** Why an item cannot be read or written. Permanent: the plant's folder or the PLC has to change. */
export function itemError(code: number, what: string): MillraceError {
  const { error, text, hint } = meaningOf(code)
  return new MillraceError(error, `${what}: ${text} (S7 code ${hex(code)})`, { hint })
}

/** Error class and code of a whole answer that mean "not allowed" rather than "not understood". */
const denials: Readonly<Record<number, string>> = {
  33028: 'the CPU does not permit PUT/GET access',
  53824: 'the CPU is protected',
  53825: 'the CPU asks for a password',
}

export function isDenial(code: number): boolean {
  return code in denials
}

/** A request refused as a whole. Permanent where somebody has to permit it in the PLC. */
export function answerError(code: number, endpoint: string): MillraceError {
  const why = denials[code] ?? `the CPU refused the request with error ${hex(code)}`
  return new MillraceError('refused', `${endpoint}: ${why}`, {
    transient: !isDenial(code),
    hint: 'Permit "PUT/GET communication from remote partner" under Protection & Security of the CPU, and use slot 1 for S7-1200/1500',
  })
}

const hex = (code: number): string => `0x${code.toString(16).padStart(2, '0')}`
