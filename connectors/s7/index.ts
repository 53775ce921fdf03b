import { MillraceError } from '../../model/index.ts'
import type { ConnectorKind, Source } from '../contract.ts'
import { parseAddress } from './address.ts'
import { s7Connector } from './connector.ts'
import { locate } from './locate.ts'
import { address, type Options, options, type TagAddress } from './options.ts'
import { isTime, pointsOf } from './points.ts'
import { isSymbol } from './symbol.ts'

export { address, type Options, options, type TagAddress } from './options.ts'
export { type BlockNumbers, importDbSource, type SourceTag } from './symbols/source.ts'

/** S7 communication over ISO on TCP: S7-300, 400, 1200, 1500 and what speaks like them. */
export const s7: ConnectorKind<Options, TagAddress> = {
  kind: 's7',
  options,
  address,
  schemes: ['s7'],
  locate,
  open: (source, report) => {
    check(source)
    checkClock(source.options)
    return s7Connector(source, report)
  },
}

/** Symbols are looked up when connecting: their files are not read here, and may not yet be there. */
function check(source: Source<Options, TagAddress>): void {
  const absolute = source.tags.filter(({ address }) => !isSymbol(address.address))
  if (absolute.length === source.tags.length) {
    pointsOf(source)
    return
  }
  pointsOf({ ...source, tags: absolute }, false)
  if (source.options.symbols.length > 0) return
  const { tag, address } = source.tags.find(({ address }) => isSymbol(address.address))!
  throw new MillraceError('config-invalid', `${tag.asset} ${tag.name}: ${address.address} is a symbol`, {
    hint: 'Name the file with the exported source of its data block in the option symbols, or write an absolute address',
  })
}

function checkClock({ clockAddress }: Options): void {
  if (clockAddress === undefined || isTime(parseAddress(clockAddress))) return
  throw new MillraceError('config-invalid', `clockAddress ${clockAddress} cannot hold the time`, {
    hint: 'Use a DTL, an LDT or a DATE_AND_TIME that the program writes in every cycle',
  })
}
