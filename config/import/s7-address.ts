/** An address with its data type as STEP 7, the TIA Portal and Kepware write them, in the syntax of the S7 connector. */

/** In data blocks by its own name; in memory areas by the letters that the connector knows for the same bytes. */
const types: Readonly<Record<string, { readonly block: string; readonly memory?: string }>> = {
  bool: { block: 'X', memory: '' },
  byte: { block: 'BYTE', memory: 'B' },
  char: { block: 'CHAR', memory: 'C' },
  sint: { block: 'SINT' },
  usint: { block: 'USINT', memory: 'B' },
  word: { block: 'WORD', memory: 'W' },
  int: { block: 'INT', memory: 'I' },
  uint: { block: 'UINT', memory: 'W' },
  dword: { block: 'DWORD', memory: 'D' },
  dint: { block: 'DINT', memory: 'DI' },
  udint: { block: 'UDINT', memory: 'D' },
  real: { block: 'REAL', memory: 'R' },
  time: { block: 'TIME', memory: 'DI' },
  lreal: { block: 'LREAL', memory: 'LR' },
  lint: { block: 'LINT', memory: 'LI' },
  ulint: { block: 'ULINT' },
  lword: { block: 'LWORD' },
  s5time: { block: 'S5TIME' },
  dtl: { block: 'DTL' },
  dateandtime: { block: 'DATE_AND_TIME' },
}
/** What Kepware calls them. */
const kepware: Readonly<Record<string, string>> = {
  boolean: 'bool',
  short: 'int',
  long: 'dint',
  float: 'real',
  double: 'lreal',
  llong: 'lint',
  qword: 'lword',
}
const bySize: Readonly<Record<string, string>> = { '': 'bool', X: 'bool', B: 'byte', W: 'word', D: 'dword' }

/** @returns the address, or in words why there is none */
export function s7Address(text: string, dataType: string): { address: string } | { why: string } {
  const written = text.replaceAll(/\s|%/g, '').toUpperCase()
  if (written === '') return { why: 'it has no address (a tag of an optimised block is read by OPC UA)' }
  if (/^DB\d+,/.test(written)) return { address: written }
  const [, db, blockSize, blockPlace] = /^DB(\d+)\.DB([XBWD])(\d+(?:\.\d+)?)$/.exec(written) ?? []
  if (db !== undefined) return inBlock(db, blockSize!, blockPlace!, dataType)
  const [, timer, number] = /^([TCZ])(\d+)$/.exec(written) ?? []
  if (timer !== undefined) return { address: `${timer === 'Z' ? 'C' : timer}${number}` }
  const [, area, size, place, peripheral] = /^(P?[IEQA]|M)([XBWD]?)(\d+(?:\.\d+)?)(:P)?$/.exec(written) ?? []
  if (area === undefined) return { why: `the address "${text}" is not understood` }
  return inMemory(peripheral ? `P${area}` : area, size!, place!, dataType)
}

function inBlock(db: string, size: string, place: string, dataType: string) {
  const name = typeName(dataType) || bySize[size]!
  const [, length] = /^w?string\[(\d+)\]$/.exec(name) ?? []
  if (length !== undefined)
    return { address: `DB${db},${name.startsWith('w') ? 'WSTRING' : 'STRING'}${place}.${length}` }
  const type = types[name]
  return type ? { address: `DB${db},${type.block}${place}` } : { why: noType(dataType) }
}

function inMemory(area: string, size: string, place: string, dataType: string) {
  const name = typeName(dataType) || bySize[size]!
  const letters = types[name]?.memory
  return letters === undefined ? { why: noType(dataType) } : { address: `${area}${letters}${place}` }
}

function typeName(dataType: string): string {
  const name = dataType.toLowerCase().replaceAll(/[\s_"]/g, '')
  return kepware[name] ?? name
}

function noType(dataType: string): string {
  return `the type ${dataType || '(none)'} cannot be read there`
}
