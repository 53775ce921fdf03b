/** What a session leaves to the next one, stored with the samples. */
export type Memory = {
  /** Whose it is: session and packet ids mean nothing to another client or broker. */
  readonly client: string
  /** Filters that the session at the broker has. */
  readonly filters: readonly string[]
  readonly repeats: string
}

export function memoryText({ client, filters, repeats }: Memory): string {
  return JSON.stringify([client, repeats, ...filters])
}

/** The memory in `text`, unless it is another client's. */
export function memoryOf(text: string | undefined, client: string): Memory | undefined {
  if (text === undefined) return undefined
  const parts: unknown = JSON.parse(text)
  if (!Array.isArray(parts) || parts[0] !== client) return undefined
  const [, repeats, ...filters] = parts as string[]
  return { client, repeats: repeats ?? '', filters }
}
