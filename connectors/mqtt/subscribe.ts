import { MillraceError } from '../../model/index.ts'
import type { Link } from './link.ts'
import type { Options } from './options.ts'

/** As the broker knows it, in the group if there is one. */
function shared(filter: string, { sharedGroup }: Options): string {
  return sharedGroup === undefined ? filter : `$share/${sharedGroup}/${filter}`
}

/**
 * Subscribes to everything, and ends what an earlier session of ours still has (`before`) and nobody wants any more.
 * Resolves with what the broker refused, by filter.
 */
export async function subscribeTo(
  link: Link,
  options: Options,
  filters: readonly string[],
  before: readonly string[],
): Promise<ReadonlyMap<string, MillraceError>> {
  const stale = before.filter(filter => !filters.includes(filter))
  await link.unsubscribe(stale.map(filter => shared(filter, options)))
  const refused = await link.subscribe(
    filters.map(filter => shared(filter, options)),
    { qos: options.qos, shared: options.sharedGroup !== undefined },
  )
  return new Map(
    filters.flatMap(filter => {
      const code = refused.get(shared(filter, options))
      return code === undefined ? [] : [[filter, refusal(options.endpoint, filter, code)] as const]
    }),
  )
}

function refusal(endpoint: string, filter: string, code: number): MillraceError {
  return new MillraceError(
    'unauthorised',
    `${endpoint} refuses the subscription to ${filter} (reason ${code})`,
    {
      hint: "Allow this client to read it in the broker's access list, or correct the topic",
    },
  )
}
