import { Document, isMap, isSeq } from 'yaml'

/** What is needed of a machine's file to write it; a `MachineFile` fits, and so does one without its defaults. */
export type WritableMachine = {
  readonly source: string
  readonly connector: string
  readonly options: Readonly<Record<string, unknown>>
  readonly assets: readonly WritableAsset[]
}
export type WritableAsset = {
  readonly id: string
  readonly name: string
  readonly class?: string
  readonly tags: readonly WritableTag[]
  readonly signals?: readonly unknown[]
}
export type WritableTag = Readonly<Record<string, unknown>> & { readonly name: string }

/** A machine's file as YAML, a tag or signal a line. @param comment lines to stand above, without their `#` */
export function machineText(machine: WritableMachine, comment?: string): string {
  const document = new Document(machine, { aliasDuplicateObjects: false })
  if (comment !== undefined) document.commentBefore = comment.replaceAll(/^/gm, ' ')
  const assets = document.get('assets')
  for (const asset of isSeq(assets) ? assets.items : []) {
    for (const key of ['tags', 'signals']) {
      const entries = isMap(asset) ? asset.get(key) : undefined
      for (const entry of isSeq(entries) ? entries.items : []) if (isMap(entry)) entry.flow = true
    }
  }
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}
