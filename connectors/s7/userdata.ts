/** S7comm, the part that asks a CPU about itself (user data): its clock. As Wireshark's s7comm dissector documents it. */
import { type Micros, MillraceError } from '../../model/index.ts'
import { decodeDateAndTime, microsOf } from './clock.ts'

/** Parameters: head, length, request, function group 4/7 (request, time), "read clock", sequence number. */
export const clockRequest = {
  parameters: Buffer.from('0001120411470100', 'hex'),
  data: Buffer.from('0a000000', 'hex'),
} as const

const answerLength = 12
const timestampAt = 4
/** A reserved byte and the century, then a DATE_AND_TIME. */
const timestampLength = 10

/** The CPU's clock, taken as UTC; undefined from a CPU that does not tell it (S7-1200 and S7-1500), or tells no time. */
export function decodeClock(parameters: Buffer, data: Buffer): Micros | undefined {
  const isAnswer = parameters.length >= answerLength && parameters.readUInt16BE(10) === 0
  const isGood = data.length >= timestampAt + timestampLength && data.readUInt8(0) === 0xff
  if (!isAnswer || !isGood) return undefined
  try {
    return microsOf(decodeDateAndTime(data, timestampAt + 2))
  } catch (thrown) {
    if (thrown instanceof MillraceError && thrown.code === 'bad-payload') return undefined
    throw thrown
  }
}
