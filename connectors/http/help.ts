import type { AssetId } from '../../model/index.ts'
import type { Options } from './options.ts'

/** What `GET /` answers: how to post here. It names no asset, because nobody has been asked who they are. */
export function helpText({ endpoint, tokensFile, maxBodyBytes, maxSamples, keyHours }: Options): string {
  const token = tokensFile === undefined ? '' : " -H 'Authorization: Bearer TOKEN'"
  const base = endpoint.replace(/\/?$/, '/').replace(/\/\/(0\.0\.0\.0|\[::\])/, '//THIS-SERVER')
  return `Millrace takes measurements here. Nothing is answered with 200 before it is safely on disk.

A file with a column a tag, of one asset (bench.csv: "time,speed" and "2026-01-31T12:59:59.599Z,1480"):

  curl ${base}telemetry/SITE/AREA/LINE/ASSET${token} -H 'Content-Type: text/csv' \\
    -H "Idempotency-Key: bench-run-17" --data-binary @bench.csv

A file with a row a sample, of many assets:  POST /telemetry, text/csv

  asset,tag,time,value,status
  SITE/AREA/LINE/ASSET,speed,2026-01-31T12:59:59.599Z,1480,good

Telemetry records:  POST /telemetry, application/json; t in microseconds since 1970; status 0 is good

  {"asset":"SITE/AREA/LINE/ASSET","tags":["speed"],"tag":[0,0],"t":[1769864399599000,1769864400599000],"value":[1480,1481]}

One wrong line refuses the whole request; the answer names it. At most ${maxBodyBytes} bytes and ${maxSamples} samples, also
as gzip (Content-Encoding: gzip). 429 and 503: post the same again after Retry-After seconds, with the same
Idempotency-Key; it is stored once, however often it is posted within ${keyHours} hours.

GET /health: whether samples are taken.
`
}

/** The asset that a path names: `/telemetry` none, `/telemetry/site/area/line/asset` one, undefined for other paths. */
export function assetIn(path: string): { asset?: AssetId } | undefined {
  const [, rest] = /^\/telemetry(?:\/([a-z0-9/-]+?))?\/?$/.exec(path) ?? []
  if (rest !== undefined) return { asset: rest }
  return /^\/telemetry\/?$/.test(path) ? {} : undefined
}
