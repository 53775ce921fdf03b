/** Sparkplug 3.0, 4: `spBv1.0/group/type/node[/device]`. */
export const namespace = 'spBv1.0'

const types = ['NBIRTH', 'NDATA', 'NDEATH', 'DBIRTH', 'DDATA', 'DDEATH'] as const

export type SparkplugTopic = {
  readonly group: string
  readonly type: (typeof types)[number]
  readonly node: string
  /** Empty for a node's own. */
  readonly device: string
}

/** What a topic of an edge node says; undefined for commands, STATE and others. */
export function parseTopic(topic: string): SparkplugTopic | undefined {
  const [space, group, type, node, device = '', ...rest] = topic.split('/')
  const known = types.find(name => name === type)
  if (space !== namespace || !known || !group || !node || rest.length > 0) return undefined
  if (known.startsWith('D') === (device === '')) return undefined
  return { group, type: known, node, device }
}

/** Everything a node and its devices publish; with commands, which are ignored. */
export function nodeFilter(group: string, node: string): string {
  return `${namespace}/${group}/+/${node}/#`
}

export function groupFilter(group: string): string {
  return `${namespace}/${group}/#`
}

export function stateTopic(host: string): string {
  return `${namespace}/STATE/${host}`
}

export function commandTopic(group: string, node: string, device: string): string {
  return `${namespace}/${group}/${device === '' ? `NCMD/${node}` : `DCMD/${node}/${device}`}`
}
