import { MillraceError } from '../../model/index.ts'

type Located = { readonly options: Record<string, unknown>; readonly address: Record<string, unknown> }

/**
 * `mqtts://host:8883/plant/press-1/state#oil.temperature`: the topic, and the path into its JSON after `#`.
 * @throws MillraceError `bad-address`
 */
export function locate(url: string): Located {
  const [, endpoint, topic, path] = /^(mqtts?:\/\/[^/\s?#@]+)\/([^#]+)(?:#(.+))?$/.exec(url) ?? []
  if (endpoint === undefined || topic === undefined) throw notUnderstood(url)
  try {
    const address = {
      topic: decodeURIComponent(topic),
      ...(path !== undefined && { path: decodeURIComponent(path) }),
    }
    if (!/[+#\0]/.test(address.topic)) return { options: { endpoint }, address }
  } catch {
    // A stray %: told like everything else that is not understood.
  }
  throw notUnderstood(url)
}

function notUnderstood(url: string): MillraceError {
  return new MillraceError('bad-address', `${url} names no MQTT topic`, {
    hint: 'Write mqtts://host:8883/topic or mqtts://host:8883/topic#path.in.json, without wildcards',
  })
}
