/** Ways to put ranges into blocks, and blocks into requests; plan.ts takes the best of them. */
import {
  answerBytes,
  type Block,
  framing,
  itemBytes,
  type Limits,
  maxBlockBytes,
  type Range,
  type Request,
  requestBytes,
} from './plan.ts'
import { areaCode, maxItems } from './protocol.ts'

/** Plans of the same ranges, each of them whole. */
export function ways(
  ranges: readonly Range[],
  limits: Limits,
  cuts: ReadonlySet<number>,
): readonly [Request[], ...Request[][]] {
  const units = unitsOf(ranges, limits.pduLength, cuts)
  const found: [Request[], ...Request[][]] = [
    pack(joined(units, limits, limits.gapBytes), limits),
    pack(joined(units, limits, 0), limits),
    inSequence(units, limits),
  ]
  const fewest = Math.min(...found.map(requests => requests.length))
  if (fewest < 2 || units.length > someUnits) return found
  return [...found, units.length <= fewUnits ? dealt(units, limits, fewest) : longestFirst(units, limits)]
}

/** A block that may be joined to its neighbours: not where it is a piece of a range, nor to what is before a cut. */
type Unit = Block & { readonly isPiece: boolean; readonly isCut: boolean }

/** In the order of addresses. */
function unitsOf(ranges: readonly Range[], pduLength: number, cuts: ReadonlySet<number>): Unit[] {
  const most = maxBlockBytes(pduLength)
  return inOrder(ranges).flatMap(index => {
    const range = ranges[index]!
    const [isPiece, isCut] = [range.length > most, cuts.has(index)]
    return pieces(range, index, most).map(piece => ({ ...piece, isPiece, isCut }))
  })
}

function inOrder(ranges: readonly Range[]): number[] {
  const key = ({ area, db }: Range) => areaCode[area] * 65_536 + db
  const compare = (a: Range, b: Range) => key(a) - key(b) || a.start - b.start || a.length - b.length
  return ranges.map((_, i) => i).sort((i, j) => compare(ranges[i]!, ranges[j]!) || i - j)
}

function pieces(range: Range, index: number, most: number): Block[] {
  const blocks: Block[] = []
  for (let at = 0; at < range.length; at += most) {
    const length = Math.min(most, range.length - at)
    blocks.push({ ...range, start: range.start + at, length, ranges: [index] })
  }
  return blocks
}

/** Neighbours in one block where the bytes between them are at most so many, or cost no more than an item does. */
function joined(units: readonly Unit[], limits: Limits, gapBytes: number): Unit[] {
  const blocks: Unit[] = []
  for (const unit of units) {
    const last = blocks.at(-1)
    const both = last && join(last, unit, limits)
    if (both && (gapOf(last, unit) <= gapBytes || extraBytes(last, unit, both) <= 0))
      blocks[blocks.length - 1] = both
    else blocks.push(unit)
  }
  return blocks
}

/** The block with its neighbour in it, undefined where they are too far apart or too much for one item. */
function join(block: Unit, next: Unit, { pduLength, gapBytes }: Limits): Unit | undefined {
  if (block.isPiece || next.isPiece || next.isCut || block.area !== next.area || block.db !== next.db)
    return undefined
  const most = maxBlockBytes(pduLength)
  const length = Math.max(block.start + block.length, next.start + next.length) - block.start
  const mostBytes = Math.min(most, block.mostBytes ?? most, next.mostBytes ?? most)
  if (gapOf(block, next) > gapBytes || length > mostBytes) return undefined
  return { ...block, length, mostBytes, ranges: [...block.ranges, ...next.ranges] }
}

const gapOf = (block: Block, next: Block): number => next.start - (block.start + block.length)

/** What joining adds to an answer. */
function extraBytes(a: Block, b: Block, both: Block): number {
  return itemBytes(both.length) - itemBytes(a.length) - itemBytes(b.length)
}

const mostItems = (pduLength: number): number =>
  Math.min(
    maxItems,
    Math.floor((pduLength + framing - requestBytes(0)) / (requestBytes(1) - requestBytes(0))),
  )

/** First fit, the longest first. */
function pack(blocks: readonly Block[], { pduLength }: Limits): Request[] {
  const requests: { blocks: Block[]; answer: number }[] = []
  for (const block of blocks.toSorted((a, b) => b.length - a.length)) {
    const fits = requests.find(
      request =>
        request.blocks.length < mostItems(pduLength) &&
        request.answer + itemBytes(block.length) <= pduLength + framing,
    )
    if (fits) {
      fits.blocks.push(block)
      fits.answer += itemBytes(block.length)
    } else requests.push({ blocks: [block], answer: answerBytes([block.length]) })
  }
  return requests.map(request => request.blocks)
}

/** As many neighbours as fit into each request. */
function inSequence(units: readonly Unit[], limits: Limits): Request[] {
  const requests: Unit[][] = []
  let open: Unit[] = []
  for (const unit of units) {
    const fitting = fitted([...open, unit], limits)
    if (fitting) open = fitting
    else {
      requests.push(open)
      open = [unit]
    }
  }
  return open.length > 0 ? [...requests, open] : requests
}

/** So few can be dealt out in every way (4,140 ways of eight). */
const fewUnits = 8
/** Beyond so many the work would grow with their square, and the other ways are close to the best. */
const someUnits = 64

/** The plan of the fewest requests, below `most`; one of a request each where there is none. */
function dealt(units: readonly Unit[], limits: Limits, most: number): Request[] {
  for (let count = 1; count < most; count++) {
    const found = dealtTo(count, units, [], limits)
    if (found) return found.map(request => fitted(request, limits)!)
  }
  return units.map(unit => [unit])
}

function dealtTo(
  count: number,
  [unit, ...rest]: readonly Unit[],
  requests: readonly Unit[][],
  limits: Limits,
): readonly Unit[][] | undefined {
  if (unit === undefined) return requests
  for (let at = 0; at <= requests.length && at < count; at++) {
    const request = [...(requests[at] ?? []), unit]
    if (!fitted(request, limits)) continue
    const found = dealtTo(count, rest, [...requests.slice(0, at), request, ...requests.slice(at + 1)], limits)
    if (found) return found
  }
  return undefined
}

function longestFirst(units: readonly Unit[], limits: Limits): Request[] {
  const order = new Map(units.map((unit, i) => [unit, i]))
  const requests: Unit[][] = []
  for (const unit of units.toSorted((a, b) => b.length - a.length)) {
    const held = requests.findIndex(request => fitted(inAddressOrder([...request, unit], order), limits))
    if (held >= 0) requests[held]!.push(unit)
    else requests.push([unit])
  }
  return requests.map(request => fitted(inAddressOrder(request, order), limits)!)
}

function inAddressOrder(units: readonly Unit[], order: ReadonlyMap<Unit, number>): Unit[] {
  return units.toSorted((a, b) => order.get(a)! - order.get(b)!)
}

/** Blocks that hold these and fit into one request, undefined where none do; of odd lengths not always the shortest. */
function fitted(units: readonly Unit[], limits: Limits): Unit[] | undefined {
  const most = limits.pduLength + framing
  let blocks = joined(units, limits, 0)
  while (blocks.length > mostItems(limits.pduLength)) {
    const fewer = withCheapestJoin(blocks, limits)
    if (!fewer) return undefined
    blocks = fewer
  }
  return answerBytes(blocks.map(({ length }) => length)) <= most ? blocks : undefined
}

function withCheapestJoin(blocks: readonly Unit[], limits: Limits): Unit[] | undefined {
  let best: { at: number; both: Unit; extra: number } | undefined
  for (let at = 1; at < blocks.length; at++) {
    const [a, b] = [blocks[at - 1]!, blocks[at]!]
    const both = join(a, b, limits)
    if (!both) continue
    const extra = extraBytes(a, b, both)
    if (!best || extra < best.extra) best = { at, both, extra }
  }
  return best && [...blocks.slice(0, best.at - 1), best.both, ...blocks.slice(best.at + 1)]
}
