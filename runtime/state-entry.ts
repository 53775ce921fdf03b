import { MillraceError } from '../model/index.ts'

/** The value of an entry of the changelog. `spec` is the declaration that the state was made under, for a declared signal. */
export type Entry = {
  readonly v: 1
  readonly state: unknown
  readonly spec?: string
  /** Of a large state: the records that it holds. */
  readonly count?: number
}

const version = 1

type Unknown = { readonly v?: unknown; readonly [field: string]: unknown }

/**
 * How an entry of each version becomes one of the next. Version 0 is what carries no version: the bare state.
 * A format that changes gets the next number, a step here, and a sample of the old one in the tests.
 */
const migrations: readonly ((entry: unknown) => Unknown)[] = [state => ({ v: 1, state })]

/** @throws MillraceError `unsupported` for what a later release has written, `bad-payload` for what none has */
export function readEntry(key: string, value: Buffer): Entry {
  let entry = parsed(key, value)
  for (let v = versionOf(entry); v !== version; v = versionOf(entry)) {
    const migrate = migrations[v]
    if (!migrate) throw tooNew(key, v)
    entry = migrate(entry)
  }
  return entry as Entry
}

function versionOf(entry: unknown): number {
  const v = typeof entry === 'object' && entry !== null ? (entry as Unknown).v : undefined
  return typeof v === 'number' ? v : 0
}

function parsed(key: string, value: Buffer): unknown {
  try {
    return JSON.parse(value.toString())
  } catch (cause) {
    throw new MillraceError('bad-payload', `the state ${key} in the changelog cannot be read`, { cause })
  }
}

function tooNew(key: string, v: number): MillraceError {
  return new MillraceError(
    'unsupported',
    `the state ${key} is of version ${v}, and this release reads up to ${version}`,
    {
      hint: 'Let the newer release run the processors again; an older one cannot take its state over',
    },
  )
}
