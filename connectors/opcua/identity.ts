import { X509Certificate } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { UserIdentityInfo } from 'node-opcua-client'
import { coded, MillraceError } from '../../model/index.ts'
import type { Options } from './options.ts'
import type { Stack } from './stack.ts'

type User = NonNullable<Options['user']>

/**
 * Who to log in as: anonymous, by name and password, or by certificate.
 * @throws MillraceError `config-invalid` when the secret is not where the options say
 */
export async function identityOf({ UserTokenType }: Stack, { user }: Options): Promise<UserIdentityInfo> {
  if (!user) return { type: UserTokenType.Anonymous }
  const { certificateFile, privateKeyFile } = user
  if (certificateFile !== undefined && privateKeyFile !== undefined) {
    const certificate = await secret(certificateFile, 'the certificate of the user')
    return {
      type: UserTokenType.Certificate,
      certificateData: derOf(certificate, certificateFile),
      privateKey: await secret(privateKeyFile, "the private key of the user's certificate"),
    }
  }
  return { type: UserTokenType.UserName, userName: user.name ?? '', password: await passwordOf(user) }
}

function derOf(pem: string, path: string): Buffer {
  try {
    return new X509Certificate(pem).raw
  } catch (thrown) {
    throw coded(thrown, 'config-invalid', `${path} is not a certificate`, {
      hint: 'It has to be an X.509 certificate in PEM form',
    })
  }
}

async function passwordOf({ name, passwordEnv, passwordFile = '' }: User): Promise<string> {
  if (passwordEnv === undefined) {
    return (await secret(passwordFile, `the password of ${name}`)).replace(/\r?\n$/, '')
  }
  const password = process.env[passwordEnv]
  if (password !== undefined) return password
  throw new MillraceError('config-invalid', `The environment variable ${passwordEnv} is not set`, {
    hint: `Set it to the password of ${name} for this service`,
  })
}

async function secret(path: string, what: string): Promise<string> {
  return await readFile(path, 'utf8').catch(thrown => {
    throw coded(thrown, 'config-invalid', `${path}, ${what}, cannot be read`, {
      hint: 'Put it there, readable for this service alone',
    })
  })
}
