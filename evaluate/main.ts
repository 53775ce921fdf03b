/** `npm run -s evaluate -- SUITE`: what others can score, and the scores where the truth is there. */
import { mkdirSync, statSync } from 'node:fs'
import { resolve } from 'node:path'
import { Command } from 'commander'
import { coded, MillraceError } from '../model/index.ts'
import { openProgress } from '../runtime/progress.ts'
import type { Score, Suite } from './suite.ts'
import { suites } from './suites.ts'

type Given = { readonly out: string; readonly data?: string; readonly json?: boolean } & Readonly<
  Record<string, unknown>
>

const program = new Command('evaluate')
  .description(
    'Runs recordings through the processors that serve in a plant, and writes results to be scored.',
  )
  .showHelpAfterError('(see npm run -s evaluate -- --help)')

for (const load of Object.values(suites)) declare(await load())

await program.parseAsync().catch(thrown => {
  console.error(`evaluate: ${coded(thrown, 'internal', 'the evaluation failed').explanation}`)
  process.exitCode = 1
})

function declare(suite: Suite): void {
  const command = program
    .command(suite.name)
    .description(suite.summary)
    .requiredOption('--out <dir>', 'folder for the results; made where it is missing')
    .option('--json', 'print the scores as {name, value, unit, goal, met}[]')
  if (suite.recordings) command.requiredOption('--data <dir>', suite.recordings)
  for (const { flags, description, required } of suite.options ?? []) {
    if (required) command.requiredOption(flags, description)
    else command.option(flags, description)
  }
  command.action(async (given: Given) => {
    const { data, out, json, ...own } = given
    const scores = await suite.run(
      placesOf(out, data),
      own as Record<string, string>,
      openProgress(process.stderr),
    )
    if (json) console.log(JSON.stringify(scores))
    else console.log(scores.map(line).join('\n'))
  })
}

function placesOf(out: string, data: string | undefined) {
  if (data !== undefined && !statSync(data, { throwIfNoEntry: false })?.isDirectory()) {
    throw new MillraceError('config-invalid', `${data} is not a folder`, {
      hint: 'Give --data the folder with the recordings of this suite',
    })
  }
  mkdirSync(out, { recursive: true })
  return { data: data === undefined ? '' : resolve(data), out: resolve(out) }
}

function line({ name, value, unit, goal, met }: Score): string {
  const shown =
    typeof value === 'number' ? value.toLocaleString('en', { maximumSignificantDigits: 4 }) : value
  const judged = goal === undefined ? '' : `  (goal ${goal}: ${met ? 'met' : 'not met'})`
  return `${name}: ${shown}${unit ? ` ${unit}` : ''}${judged}`
}
