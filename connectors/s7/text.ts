/** STRING and WSTRING: declared length, actual length, characters (STEP 7, "Format of the data types"). */
import { MillraceError, type Value } from '../../model/index.ts'

type Declared = { readonly characters: number }

/** @throws MillraceError `bad-payload` when the actual length is beyond the declared one */
export function decodeString(bytes: Buffer, at: number, { characters }: Declared): string {
  const length = actualLength(bytes.readUInt8(at + 1), characters)
  return bytes.toString('latin1', at + 2, at + 2 + length)
}

/** @throws MillraceError `bad-type` */
export function encodeString(value: Value, into: Buffer, at: number, { characters }: Declared): void {
  const text = latin1(fitting(value, characters))
  into.set([characters, text.length], at)
  text.copy(into, at + 2)
}

/** @throws MillraceError `bad-payload` */
export function decodeWideString(bytes: Buffer, at: number, { characters }: Declared): string {
  const length = actualLength(bytes.readUInt16BE(at + 2), characters)
  return decodeWide(bytes.subarray(at + 4, at + 4 + 2 * length))
}

/** @throws MillraceError `bad-type` */
export function encodeWideString(value: Value, into: Buffer, at: number, { characters }: Declared): void {
  const text = fitting(value, characters)
  into.writeUInt16BE(characters, at)
  into.writeUInt16BE(text.length, at + 2)
  wide(text).copy(into, at + 4)
}

/** A CHAR or an array of them; shorter text is filled up with blanks. @throws MillraceError `bad-type` */
export function encodeChars(value: Value, into: Buffer): void {
  latin1(fitting(value, into.length).padEnd(into.length)).copy(into)
}

/** Text of a WCHAR, or of an array of them. */
export function decodeWide(bytes: Buffer): string {
  return Buffer.from(bytes).swap16().toString('utf16le')
}

/** As encodeChars, of two bytes each. @throws MillraceError `bad-type` */
export function encodeWideChars(value: Value, into: Buffer): void {
  const characters = into.length / 2
  wide(fitting(value, characters).padEnd(characters)).copy(into)
}

/** UTF-16 in big endian, which Node does not have. */
function wide(text: string): Buffer {
  return Buffer.from(text, 'utf16le').swap16()
}

function actualLength(length: number, characters: number): number {
  if (length <= characters) return length
  throw new MillraceError('bad-payload', `a text of ${length} characters where ${characters} are declared`, {
    hint: 'Check in the data block that the tag is a string at this offset and how long it is declared',
  })
}

function fitting(value: Value, characters: number): string {
  if (typeof value === 'string' && value.length <= characters) return value
  throw new MillraceError(
    'bad-type',
    `${JSON.stringify(value)} is not a text of at most ${characters} characters`,
  )
}

function latin1(text: string): Buffer {
  const bytes = Buffer.from(text, 'latin1')
  if (bytes.toString('latin1') === text) return bytes
  throw new MillraceError('bad-type', `"${text}" has characters beyond ISO 8859-1`, {
    hint: 'Use a WSTRING for it',
  })
}
