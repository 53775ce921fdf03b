import { Type } from 'typebox'
import { assetPattern, segmentPattern } from '../model/index.ts'

export const namePattern = `^${segmentPattern}$`
export const hostPattern =
  '^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|[0-9A-Fa-f]*:[0-9A-Fa-f]*:[0-9A-Fa-f:.]*)$'
export const bootstrapPattern = '^[A-Za-z0-9.-]+:[0-9]{1,5}$'
export const tablePattern = '^[A-Za-z0-9_][A-Za-z0-9._-]*\\.csv$'

/** What a pattern means, in words: for the messages of the check and the reference page. */
export const patternMeanings: Readonly<Record<string, string>> = {
  [namePattern]: 'lower case letters, digits and single dashes',
  [assetPattern]: 'site/area/line/asset in lower case letters, digits and single dashes',
  [hostPattern]: 'an IP address or host name',
  [bootstrapPattern]: 'host:port',
  [tablePattern]: 'the name of a file in tables/ that ends in .csv',
  '^/.*$': 'an absolute path',
}

export const name = (description: string) => Type.String({ pattern: namePattern, description })
