import { readCsv } from '../../model/csv.ts'
import { firstCells, hasColumns, readColumns } from './columns.ts'
import { s7Address } from './s7-address.ts'
import {
  type ListedTag,
  type ListFormat,
  type NotMapped,
  present,
  type TagList,
  together,
} from './tag-list.ts'
import { elementsIn, isXml, textOf } from './xml.ts'

type Symbol = { line: number; name: string; address: string; type: string; comment: string }

/**
 * PLC tags as the TIA Portal exports them (tag table, Export): XML, SDF or CSV; as Openness exports them (SimaticML);
 * and the symbol table of STEP 7 as SDF.
 */
export const tia: ListFormat = {
  name: 'tia',
  title: 'PLC tags of the TIA Portal (XML, SDF, CSV), symbols of STEP 7 (SDF)',
  connectors: ['s7'],
  recognises: text =>
    isXml(text) ? /<(Tag|SW\.Tags\.PlcTag)[\s>]/.test(text) : hasLogicalAddress(text) || isSdf(text),
  read(text): TagList {
    if (isXml(text)) return listOf([...tableTags(text), ...opennessTags(text)])
    return listOf(hasLogicalAddress(text) ? columnTags(text) : sdfTags(text))
  },
}

const hasLogicalAddress = (text: string) => hasColumns(text, 'Name', 'Logical Address')

function listOf(symbols: readonly Symbol[]): TagList {
  return together(symbols.map(tagOf))
}

function tagOf({ line, name, address: written, type, comment }: Symbol): ListedTag | NotMapped {
  const address = s7Address(written, type)
  if ('why' in address) return { line, what: name, why: address.why }
  return { line, path: [name], entry: present({ ...address, description: comment }) }
}

function columnTags(text: string): Symbol[] {
  return readColumns(text).rows.map(({ line, cell }) => ({
    line,
    name: cell('Name'),
    address: cell('Logical Address'),
    type: cell('Data Type'),
    comment: cell('Comment'),
  }))
}

/** `"Name","%I0.0","Bool","True","True","False","Comment","","True"`, or in STEP 7 `"Name","E 0.0","BOOL","Comment"`. */
function sdfTags(text: string): Symbol[] {
  const { header, rows } = readCsv(text)
  return [header, ...rows].map(({ line, cells }) => {
    const [name = '', address = '', type = ''] = cells
    return { line, name, address, type, comment: cells[cells.length > 4 ? 6 : 3] ?? '' }
  })
}

function isSdf(text: string): boolean {
  const [, address = '', ...more] = firstCells(text)
  return more.length >= 2 && /^%?(P?[IEQAM]|DB\d+\.DB|[TCZ])\s*[XBWD]?\s*\d[\d.]*(:P)?$/i.test(address)
}

/** `<Tag type='Bool' remark='' addr='%I0.0'>Name</Tag>` */
function tableTags(text: string): Symbol[] {
  return elementsIn(text, 'Tag').map(({ line, attributes, content }) => ({
    line,
    name: textOf(content),
    address: attributes.addr ?? '',
    type: attributes.type ?? '',
    comment: attributes.remark ?? '',
  }))
}

/** SimaticML: `SW.Tags.PlcTag` with `DataTypeName`, `LogicalAddress`, `Name` and comments by language. */
function opennessTags(text: string): Symbol[] {
  return elementsIn(text, 'SW.Tags.PlcTag').map(({ line, content }) => {
    const one = (element: string) => textOf(elementsIn(content, element)[0]?.content ?? '')
    const comments = elementsIn(content, 'Text').map(found => textOf(found.content))
    return {
      line,
      name: one('Name'),
      address: one('LogicalAddress'),
      type: one('DataTypeName'),
      comment: comments.find(comment => comment !== '') ?? '',
    }
  })
}
