import { checkAddresses } from './check-addresses.ts'
import { checkSignals } from './check-signals.ts'
import { checkTag } from './check-tag.ts'
import type { Kinds } from './kinds.ts'
import type { PlantProblem } from './problem.ts'
import { below, type Found, type IsSound, repeated, select, textsBelow } from './select.ts'
import type { YamlFile } from './yaml.ts'

/** What no schema can tell of the files in machines/, taken together. */
export function checkMachines(
  files: readonly YamlFile[],
  site: string | undefined,
  kinds: Kinds,
  isSound: IsSound,
): PlantProblem[] {
  const assets = files.flatMap(file => select(file, 'assets', '*'))
  return [
    ...repeated(
      files.flatMap(file => select(file, 'source')),
      'the source name',
    ),
    ...repeated(
      assets.flatMap(asset => below(asset, 'id')),
      'the asset id',
    ),
    ...assets.flatMap(asset => checkAsset(asset, site)),
    ...files.flatMap(file => checkAddresses(file, kinds, isSound)),
    ...assets.flatMap(asset => checkSignals(asset, kinds, isSound)),
  ]
}

function checkAsset(asset: Found, site: string | undefined): PlantProblem[] {
  return [
    ...checkSite(asset, site),
    ...repeated(below(asset, 'tags', '*', 'name'), 'the tag name'),
    ...repeated(below(asset, 'signals', '*', 'name'), 'the signal name'),
    ...below(asset, 'tags', '*').flatMap(checkTag),
  ]
}

function checkSite(asset: Found, site: string | undefined): PlantProblem[] {
  return textsBelow(asset, 'id').flatMap(({ file, path, value }) => {
    const [first, ...rest] = value.split('/')
    if (site === undefined || first === site || rest.length !== 3) return []
    const suggestion = [site, ...rest].join('/')
    return [file.problem(path, `the site of this plant is "${site}", not "${first}"`, { suggestion })]
  })
}
