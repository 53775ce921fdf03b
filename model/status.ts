/**
 * Status codes are OPC UA's (OPC 10000-4, 7.38 and annex A) for every protocol, so that one rule tells good from bad
 * anywhere downstream. Where a protocol has a code of its own (an S7 return code), it travels beside it in `code`.
 */
export type StatusCode = number
export type Quality = 'good' | 'uncertain' | 'bad'

/** The severity is in the top two bits: 00 good, 01 uncertain, 1x bad. */
export function qualityOf(status: StatusCode): Quality {
  const severity = status >>> 30
  return severity === 0 ? 'good' : severity === 1 ? 'uncertain' : 'bad'
}

/** The codes that connectors other than OPC UA map theirs to. */
export const status = {
  good: 0x00000000,
  /** A sample was thrown away by the device's queue before this one (info bits, DataValue overflow). */
  overflowBits: 0x00000480,
  uncertain: 0x40000000,
  /** A value that was good once, of unknown age. */
  uncertainLastUsableValue: 0x40900000,
  bad: 0x80000000,
  badCommunicationError: 0x80050000,
  badDecodingError: 0x80070000,
  badTimeout: 0x800a0000,
  badOutOfRange: 0x803c0000,
  badNodeIdUnknown: 0x80340000,
  badNotReadable: 0x803a0000,
  badTypeMismatch: 0x80740000,
  badNoCommunication: 0x80310000,
  badNotConnected: 0x808a0000,
  badDeviceFailure: 0x808b0000,
  badNotSupported: 0x803d0000,
  badUserAccessDenied: 0x801f0000,
  badNoData: 0x809b0000,
} as const satisfies Record<string, StatusCode>
