import { coded, MillraceError, type Tag } from '../../model/index.ts'
import type { Source } from '../contract.ts'
import { type Address, parseAddress } from './address.ts'
import type { Orders } from './decode.ts'
import { dialled, type Options, type TagAddress } from './options.ts'
import type { Range } from './plan.ts'

/** A tag with everything that reading it needs. */
export type Point = {
  readonly tag: Tag
  /** asset/tag (address), for messages. */
  readonly told: string
  readonly address: Address
  readonly range: Range
  readonly orders: Orders
  readonly scanMs: number
}

/** @throws MillraceError `config-invalid` naming the tag */
export function pointsOf({ tags, options }: Source<Options, TagAddress>): Point[] {
  const { unitId } = dialled(options.endpoint)
  if (unitId > 255) {
    throw new MillraceError('config-invalid', `${options.endpoint} names unit ${unitId}`, {
      hint: 'Units are 0 to 255',
    })
  }
  return tags.map(declared => pointOf(declared, options, unitId))
}

function pointOf(
  { tag, address }: { tag: Tag; address: TagAddress },
  options: Options,
  unitId: number,
): Point {
  const parsed = parsedOf(tag, address)
  if (tag.class === 'waveform') {
    throw new MillraceError('config-invalid', `${tag.asset}/${tag.name}: Modbus brings no waveforms`, {
      hint: 'Declare it as telemetry: leave class out',
    })
  }
  const { area, start, length } = parsed
  const { wordOrder = options.wordOrder, byteOrder = options.byteOrder } = address
  return {
    tag,
    told: `${tag.asset}/${tag.name} (${address.address})`,
    address: parsed,
    range: { unitId: address.unitId ?? unitId, area, start, length },
    orders: { wordOrder, byteOrder },
    scanMs: address.scanMs ?? options.scanMs,
  }
}

function parsedOf({ asset, name }: Tag, { address }: TagAddress): Address {
  try {
    return parseAddress(address)
  } catch (thrown) {
    const { message, hint = '' } = coded(thrown, 'config-invalid', 'address')
    throw new MillraceError('config-invalid', `${asset}/${name}: ${message}`, { hint, cause: thrown })
  }
}
