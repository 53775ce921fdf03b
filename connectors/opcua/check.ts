import { MillraceError } from '../../model/index.ts'
import type { Source } from '../contract.ts'
import type { Address, Options } from './options.ts'
import type { Declared } from './points.ts'

type Wrong = (message: string, hint: string) => never

/**
 * What no schema can tell of a source.
 * @throws MillraceError `config-invalid`, naming source and tag
 */
export function check({ name, options, tags }: Source<Options, Address>): void {
  const wrong: Wrong = (message, hint) => {
    throw new MillraceError('config-invalid', `Source ${name}: ${message}`, { hint })
  }
  for (const declared of tags) checkTag(declared, wrong)
  const { securityMode, securityPolicy, certificateFile, privateKeyFile } = options
  if ((securityMode === 'None') !== (securityPolicy === 'None')) {
    wrong(
      `securityMode ${securityMode} does not go with securityPolicy ${securityPolicy}`,
      'Set both to None, or neither',
    )
  }
  if ((certificateFile === undefined) !== (privateKeyFile === undefined)) {
    wrong('certificateFile and privateKeyFile go together', 'Give both or neither')
  }
  if (options.user) checkUser(options.user, securityMode, wrong)
}

function checkTag({ tag, address }: Declared, wrong: Wrong): void {
  const named = `${tag.asset} ${tag.name}`
  const [, namespace = '0', id = '0'] = /^(?:ns=(\d+);)?(?:i=(\d+))?/.exec(address.nodeId) ?? []
  if (Number(namespace) > 0xffff || Number(id) > 0xffffffff) {
    wrong(
      `the nodeId ${address.nodeId} of ${named} is out of range`,
      'A namespace has 16 bits, a numeric id 32',
    )
  }
  const { follow, mode, deadbandAbsolute, deadbandPercent, eventFields } = address
  const deadband = deadbandAbsolute ?? deadbandPercent
  if (deadbandAbsolute !== undefined && deadbandPercent !== undefined) {
    wrong(`${named} has two deadbands`, 'Give either deadbandAbsolute or deadbandPercent')
  }
  if (mode === 'poll' && deadband !== undefined) {
    wrong(
      `the deadband of ${named} is the server's, and polling knows none`,
      'Leave out mode, or the deadband',
    )
  }
  if (follow === 'events' && (mode === 'poll' || deadband !== undefined)) {
    wrong(`${named} follows events, which have neither mode nor deadband`, 'Leave both out')
  }
  if (eventFields && follow !== 'events')
    wrong(`${named} has eventFields and follows no events`, 'Add follow: events')
  if (follow !== undefined && tag.class === 'waveform') {
    wrong(`${named} follows ${follow}, which are no waveform`, 'Declare each waveform as a tag of its own')
  }
}

function checkUser(
  user: NonNullable<Options['user']>,
  securityMode: Options['securityMode'],
  wrong: Wrong,
): void {
  const { name, passwordEnv, passwordFile, certificateFile, privateKeyFile } = user
  if (securityMode === 'None') {
    wrong('a log-in over an open connection', 'Set securityMode to Sign or SignAndEncrypt, or leave user out')
  }
  if ((certificateFile === undefined) !== (privateKeyFile === undefined)) {
    wrong('certificateFile and privateKeyFile of the user go together', 'Give both or neither')
  }
  const password = passwordEnv ?? passwordFile
  if (certificateFile !== undefined) {
    if (name !== undefined || password !== undefined) {
      wrong('the user has a certificate and a name', 'Log in by certificate, or by name and password')
    }
  } else if (name === undefined) {
    wrong(
      'user needs a name or a certificate',
      'Give name and password, or certificateFile and privateKeyFile',
    )
  } else if ((passwordEnv === undefined) === (passwordFile === undefined)) {
    wrong(`user ${name} needs one place for the password`, 'Give either passwordEnv or passwordFile')
  }
}
