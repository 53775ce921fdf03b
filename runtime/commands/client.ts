import { join, resolve } from 'node:path'
import { clientAcls } from '../../edge-broker/acls.ts'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { type ClientFormat, clientFormats, clientSettings } from '../../edge-broker/client-settings.ts'
import { issueCertificate, openAuthority, writeCredentials } from '../../edge-broker/pki.ts'
import { writeSecret } from '../../edge-broker/secret-files.ts'
import { MillraceError } from '../../model/index.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'

export type ClientOptions = PlantOptions & { format: string; out?: string; json?: boolean }

/** A read-only principal of its own for somebody else's program: certificate, rights, and settings to paste. */
export async function client(name: string, options: ClientOptions): Promise<void> {
  const format = clientFormats.find(known => known === options.format)
  if (!format) {
    throw new MillraceError('config-invalid', `there is no format "${options.format}"`, {
      hint: `One of ${clientFormats.join(', ')}`,
    })
  }
  const { plant, layout, connection } = await runningPlantAt(options)
  const principal = `client-${name}`
  const dir = resolve(options.out ?? layout.clientDir(name))
  const authority = await openAuthority(layout.pkiDir)
  const tls = await writeCredentials(
    dir,
    await issueCertificate(authority, { name: principal, kind: 'client' }),
  )
  const admin = await connectKafka(connection('admin')).admin()
  await admin.createAcls(clientAcls(plant, principal)).finally(() => admin.close())
  const settings = join(dir, settingsFile[format])
  await writeSecret(
    settings,
    clientSettings(format, { bootstrap: connection('admin').bootstrap, principal, tls }),
  )
  const made = { principal, group: principal, format, files: { ...tls, settings } }
  if (options.json) console.log(JSON.stringify(made))
  else
    console.log(
      `${principal} may read the plant's topics, in the consumer group "${principal}" or "${principal}.<anything>".\nSettings: ${settings}\n${usage[format](settings)}`,
    )
}

const settingsFile: Record<ClientFormat, string> = {
  kcat: 'kcat.conf',
  java: 'client.properties',
  kafkajs: 'kafkajs.mjs',
}

const usage: Record<ClientFormat, (settings: string) => string> = {
  kcat: settings => `Try: kcat -F ${settings} -C -t aggregates-1s -o -5 -e`,
  java: settings => `Try: kafka-console-consumer.sh --consumer.config ${settings} --topic aggregates-1s ...`,
  kafkajs: settings => `Use: import { kafka } from '${settings}'`,
}
