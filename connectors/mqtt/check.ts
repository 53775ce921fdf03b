import { isLoopback, MillraceError, type Tag } from '../../model/index.ts'
import type { Source } from '../contract.ts'
import { dialled } from './endpoint.ts'
import type { Address, Options, Subscription } from './options.ts'
import { namesIn, patternOf } from './pattern.ts'

type Wrong = (message: string, hint: string) => never

/** What no schema can tell. @throws MillraceError `config-invalid` */
export function check({ name, options, tags }: Source<Options, Address>): void {
  const wrong: Wrong = (message, hint) => {
    throw new MillraceError('config-invalid', `Source ${name}: ${message}`, { hint })
  }
  checkEncryption(options, wrong)
  checkLogin(options, wrong)
  for (const { tag, address } of tags) checkTag(tag, address, options, wrong)
  for (const subscription of options.subscriptions) checkSubscription(subscription, tags[0]?.tag, wrong)
  checkSparkplug(options, tags, wrong)
}

function checkEncryption(options: Options, wrong: Wrong): void {
  const { host, tls } = dialled(options)
  if (tls || isLoopback(host)) return
  if (!options.unencrypted) {
    wrong(
      `${options.endpoint} is not encrypted`,
      'Use mqtts://; if the broker cannot, set `unencrypted: true`, and keep it in a network of its own',
    )
  }
  if (options.user) wrong('a password over an open connection', 'Use mqtts://, or leave user out')
}

function checkLogin({ user, certificateFile, privateKeyFile }: Options, wrong: Wrong): void {
  if (user && (user.passwordEnv === undefined) === (user.passwordFile === undefined)) {
    wrong(`user ${user.name} needs one place for the password`, 'Give either passwordEnv or passwordFile')
  }
  if ((certificateFile === undefined) !== (privateKeyFile === undefined)) {
    wrong('certificateFile and privateKeyFile go together', 'Give both or neither')
  }
}

function checkTag(
  tag: Tag,
  { topic, metric, command, payload, path }: Address,
  options: Options,
  wrong: Wrong,
): void {
  const what = `the tag ${tag.asset} ${tag.name}`
  if ((topic === undefined) === (metric === undefined)) {
    wrong(`${what} needs one address`, 'Give either topic or metric')
  }
  if (metric && (command || path !== undefined)) {
    wrong(`${what} is a metric: command and path do not go with it`, 'Use metric.writable to write it')
  }
  if (payload !== 'json' && path !== undefined) {
    wrong(`${what} has a path into a payload of kind ${payload}`, 'Leave out path, or set payload to json')
  }
  if (metric && options.sharedGroup !== undefined) {
    wrong(
      `${what} is a metric, and the source is shared`,
      "Sparkplug's numbers need all messages: leave out sharedGroup",
    )
  }
}

function checkSubscription(subscription: Subscription, declared: Tag | undefined, wrong: Wrong): void {
  const { topic, asset, tag, tagsFrom, payload, sampleRateHz } = subscription
  const { names } = patternOf(topic)
  const missing = namesIn(asset + tag).find(name => !names.includes(name))
  if (missing !== undefined) {
    wrong(`{${missing}} is no wildcard of ${topic}`, `Its names are: ${names.join(', ') || 'none'}`)
  }
  checkAsset(asset, declared, wrong)
  if (tagsFrom === 'topic' && tag === '' && !names.includes('rest')) {
    wrong(`${topic} says nothing of the tag`, 'End it with #, or give tag, or set tagsFrom to keys')
  }
  if (tagsFrom === 'keys' && payload !== 'json') wrong(`${topic}: only JSON has keys`, 'Set payload to json')
  if ((payload === 'float32le') !== (sampleRateHz !== undefined)) {
    wrong(`${topic}: float32le and sampleRateHz go together`, 'Give both or neither')
  }
}

/** The site is written out, so that nothing from outside can lead out of it. */
function checkAsset(asset: string, declared: Tag | undefined, wrong: Wrong): void {
  const [site = '', ...rest] = asset.split('/')
  if (rest.length !== 3 || site.includes('{')) {
    wrong(`"${asset}" makes no asset ids`, 'Write site/area/line/asset, with {names} in all but the site')
  }
  const own = declared?.asset.split('/', 1)[0]
  if (own !== undefined && site !== own)
    wrong(`"${asset}" is not in the site ${own}`, `Begin it with ${own}/`)
}

function checkSparkplug(
  { sparkplug, sharedGroup }: Options,
  tags: Source<Options, Address>['tags'],
  wrong: Wrong,
): void {
  if (!sparkplug) return
  const { group, deviceAsset, nodeAsset } = sparkplug
  if (group === undefined && (deviceAsset ?? nodeAsset) !== undefined) {
    wrong('deviceAsset and nodeAsset need a group', 'Give sparkplug.group')
  }
  if (group !== undefined && sharedGroup !== undefined) {
    wrong('Sparkplug does not go with sharedGroup', 'Its numbers need all messages: leave out sharedGroup')
  }
  for (const [asset, known] of [
    [deviceAsset, ['group', 'node', 'device']],
    [nodeAsset, ['group', 'node']],
  ] as const) {
    if (asset === undefined) continue
    checkAsset(asset, tags[0]?.tag, wrong)
    const unknown = namesIn(asset).find(name => !(known as readonly string[]).includes(name))
    if (unknown !== undefined)
      wrong(`{${unknown}} stands for nothing in "${asset}"`, `Use: ${known.join(', ')}`)
  }
}
