import { hasColumns, numberIn, readColumns } from './columns.ts'
import { modbusAddress } from './modbus-address.ts'
import { s7Address } from './s7-address.ts'
import { type ListedTag, type ListFormat, type NotMapped, present, together } from './tag-list.ts'

type Scaling = { rawRange?: number[]; unitRange?: number[]; curve?: 'square-root'; range?: number[] }
type Row = ReturnType<typeof readColumns>['rows'][number]

/** The CSV that KEPServerEX and ThingWorx Kepware Server export of a device's tags. */
export const kepware: ListFormat = {
  name: 'kepware',
  title: "Kepware's CSV of a device's tags",
  connectors: ['s7', 'modbus'],
  recognises: text => hasColumns(text, 'Tag Name', 'Address', 'Data Type'),
  read(text, connector) {
    const address = connector === 'modbus' ? modbusAddress : s7Address
    return together(readColumns(text).rows.flatMap(row => tagOf(row, address)))
  },
}

function tagOf(row: Row, addressOf: typeof s7Address): (ListedTag | NotMapped)[] {
  const { line, cell } = row
  const what = cell('Tag Name')
  const address = addressOf(cell('Address'), cell('Data Type'))
  if ('why' in address) return [{ line, what, why: address.why }]
  const scaling = scalingOf(row)
  if ('why' in scaling) return [{ line, what, why: scaling.why }]
  const entry = present({
    ...address,
    unit: cell('Eng Units'),
    ...scaling,
    scanMs: scanMsOf(cell('Scan Rate')),
    description: cell('Description'),
  })
  return [{ line, path: what.split('.'), entry }]
}

/** The connectors scan every 10 ms at most. */
function scanMsOf(text: string): number | undefined {
  const rate = numberIn(text)
  return rate === undefined || rate <= 0 ? undefined : Math.max(Math.round(rate), 10)
}

/**
 * `Linear` and `Square Root` are two points. A clamped tag gets its ends as range, so that what Kepware would have shown as the limit is
 * told as out of range. A tag whose scaling is another cannot be taken over: its values would be wrong.
 */
function scalingOf({ cell }: Row): Scaling | { why: string } {
  const kind = cell('Scaling').toLowerCase()
  if (kind === '' || kind === 'none') return {}
  const isRoot = kind === 'square root'
  if (kind !== 'linear' && !isRoot) return { why: `its scaling "${cell('Scaling')}" has no counterpart` }
  const ends = ['Raw Low', 'Raw High', 'Scaled Low', 'Scaled High'].map(name => numberIn(cell(name)))
  const [rawLow, rawHigh, low, high] = ends
  if (rawLow === undefined || rawHigh === undefined || low === undefined || high === undefined)
    return { why: `its ${kind} scaling lacks one of raw low, raw high, scaled low and scaled high` }
  if (rawLow === rawHigh || low === high) return { why: `its ${kind} scaling has one point only` }
  const unitRange = isTrue(cell('Negate Value')) ? [0 - low, 0 - high] : [low, high]
  const isClamped = isTrue(cell('Clamp Low')) && isTrue(cell('Clamp High'))
  return {
    rawRange: [rawLow, rawHigh],
    unitRange,
    ...(isRoot && { curve: 'square-root' as const }),
    ...(isClamped && { range: unitRange.toSorted((a, b) => a - b) }),
  }
}

function isTrue(text: string): boolean {
  return ['1', 'true', 'yes'].includes(text.toLowerCase())
}
