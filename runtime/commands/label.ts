import { connectKafka } from '../../edge-broker/client/index.ts'
import { type Label, MillraceError, parseAssetId } from '../../model/index.ts'
import { writeLabel } from '../models/labels.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { microsOf } from '../point-in-time.ts'

export type LabelOptions = PlantOptions & {
  failed?: boolean
  repaired?: boolean
  trueAlarm?: boolean
  falseAlarm?: boolean
  at: string
  note?: string
  json?: boolean
}

/** Tells what a person knows of an asset: a repair resets its baselines, all of it reaches training. */
export async function label(asset: string, options: LabelOptions): Promise<void> {
  parseAssetId(asset)
  const what = whatOf(options)
  const at = microsOf(options.at)
  const { plant, connection } = await runningPlantAt(options)
  const told: Label = { v: 1, asset, what, at, ...(options.note && { note: options.note }) }
  await writeLabel(connectKafka(connection('trainer')), plant, told)
  if (options.json) console.log(JSON.stringify(told))
  else console.log(`${asset}: ${what} at ${new Date(at / 1_000).toISOString()}`)
}

function whatOf({ failed, repaired, trueAlarm, falseAlarm }: LabelOptions): Label['what'] {
  const said = Object.entries({ failed, repaired, 'true-alarm': trueAlarm, 'false-alarm': falseAlarm })
    .filter(([, given]) => given)
    .map(([what]) => what as Label['what'])
  if (said.length === 1) return said[0]!
  throw new MillraceError('config-invalid', `${said.length} things are said of the asset`, {
    hint: 'Give one of --failed, --repaired, --true-alarm, --false-alarm',
  })
}
