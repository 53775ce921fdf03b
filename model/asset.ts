import { MillraceError } from './error.ts'

/**
 * Asset ids follow ISA-95 (IEC 62264-1): `site/area/line/asset`. The site is unique in the region. The line is what
 * records are partitioned by, so that everything of one line meets in one task.
 */
export type AssetId = string

export const segmentPattern = '[a-z0-9]+(?:-[a-z0-9]+)*'
export const assetPattern = `^${segmentPattern}/${segmentPattern}/${segmentPattern}/${segmentPattern}$`
const assetRegExp = new RegExp(assetPattern)

export type AssetPath = { site: string; area: string; line: string; asset: string }

/** @throws MillraceError `config-invalid` when the id is not `site/area/line/asset` */
export function parseAssetId(id: AssetId): AssetPath {
  if (!assetRegExp.test(id)) {
    throw new MillraceError('config-invalid', `"${id}" is not an asset id`, {
      hint: 'Write site/area/line/asset in lower case letters, digits and dashes',
    })
  }
  const [site, area, line, asset] = id.split('/') as [string, string, string, string]
  return { site, area, line, asset }
}

/** `site/area/line` of an asset id: the unit of partitioning. Does not validate. */
export function lineOf(id: AssetId): string {
  return id.slice(0, id.lastIndexOf('/'))
}

/**
 * Any name as a segment of an id or the name of a tag: `Press1.OilTemp (Cel)` becomes `press1-oil-temp-cel`. Empty when
 * nothing of it can be written so.
 */
export function segmentOf(name: string): string {
  return name
    .normalize('NFKD')
    .replaceAll('ß', 'ss')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
}
