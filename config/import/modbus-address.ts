/** An address as Kepware's Modbus driver writes it, with its data type, in the syntax of the Modbus connector. */
const types: Readonly<Record<string, string>> = {
  '': 'uint16',
  boolean: '',
  short: 'int16',
  word: 'uint16',
  long: 'int32',
  dword: 'uint32',
  float: 'float32',
  double: 'float64',
  llong: 'int64',
  qword: 'uint64',
}
const areas: Readonly<Record<string, string>> = { '0': 'coil', '1': 'discrete', '3': 'input', '4': 'holding' }

/** @returns the address, or in words why there is none */
export function modbusAddress(text: string, dataType: string): { address: string } | { why: string } {
  const written = text.trim()
  const [, area, digits, bit] = /^([0134])(\d{4,5})(?:\.(\d{1,2}))?$/.exec(written) ?? []
  if (area === undefined || Number(digits) === 0) return { why: `the address "${text}" is not understood` }
  const place = `${areas[area]}/${Number(digits) - 1}`
  const type = types[dataType.trim().toLowerCase()]
  if (type === undefined) return { why: `the type ${dataType} cannot be read by this connector` }
  if (area === '0' || area === '1') return { address: place }
  if (bit !== undefined) return { address: `${place}.${Number(bit)}` }
  return type === '' ? { why: 'a Boolean in a register needs its bit' } : { address: `${place}:${type}` }
}
