import { readFile, stat } from 'node:fs/promises'
import { coded, MillraceError } from '../../model/index.ts'
import type { Options } from './options.ts'

/** What is read from files and the environment for one connection. */
export type Credentials = {
  readonly ca?: Buffer
  readonly cert?: Buffer
  readonly key?: Buffer
  readonly username?: string
  readonly password?: string
}

/** @throws MillraceError `config-invalid`, naming the file or variable that is not there */
export async function credentialsOf(options: Options): Promise<Credentials> {
  const { caFile, certificateFile, privateKeyFile, user } = options
  return {
    ...(caFile !== undefined && { ca: await contents(caFile, "the certificate of the broker's CA") }),
    ...(certificateFile !== undefined && { cert: await contents(certificateFile, 'the client certificate') }),
    ...(privateKeyFile !== undefined && { key: await secret(privateKeyFile, 'the private key') }),
    ...(user && { username: user.name, password: await passwordOf(user) }),
  }
}

async function passwordOf(user: NonNullable<Options['user']>): Promise<string> {
  if (user.passwordEnv !== undefined) {
    const password = process.env[user.passwordEnv]
    if (password !== undefined) return password
    throw new MillraceError('config-invalid', `The environment variable ${user.passwordEnv} is not set`, {
      hint: `Set it to the password of ${user.name} for this service`,
    })
  }
  const text = await secret(user.passwordFile ?? '', `the password of ${user.name}`)
  return text.toString('utf8').replace(/\r?\n$/, '')
}

/** A file that nobody else may read. */
async function secret(path: string, what: string): Promise<Buffer> {
  const bytes = await contents(path, what)
  const { mode } = await stat(path)
  if ((mode & 0o077) === 0) return bytes
  throw new MillraceError('config-invalid', `${path} (${what}) can be read by others`, {
    hint: `chmod 600 ${path}`,
  })
}

async function contents(path: string, what: string): Promise<Buffer> {
  try {
    return await readFile(path)
  } catch (thrown) {
    throw coded(thrown, 'config-invalid', `${path} (${what}) cannot be read`, {
      hint: 'Put it there, readable for this service',
    })
  }
}
