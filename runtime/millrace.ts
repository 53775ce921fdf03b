#!/usr/bin/env node
import { statSync } from 'node:fs'
import { enableCompileCache } from 'node:module'
import { join } from 'node:path'
import { Command } from 'commander'
import { MillraceError } from '../model/index.ts'
import { plantFolder } from './layout.ts'
import { declareLearning } from './learning-commands.ts'

// What is loaded below is compiled once, not at every start: that is a good part of a command's CPU. Only by the folder's owner:
// another's files, root's above all, would be in the way of the next `npm ci`.
const modules = join(import.meta.dirname, '..', 'node_modules')
if (statSync(modules, { throwIfNoEntry: false })?.uid === process.getuid?.())
  enableCompileCache(join(modules, '.cache', 'millrace'))

/** The command line. Each command is loaded when it is called, so that `--help` and `check` stay quick. */
const program = new Command('millrace')
  .description('Factory-floor edge cluster: machines to Kafka, condition signals, alarms, and the region')
  .showHelpAfterError('(see millrace --help)')
  .addHelpText(
    'after',
    `
Exit codes: 0 done; 1 it could not be done, the last line says why and what to do; 2 wrong use of the command;
3 done, and what was asked about is not well (status: a machine, broker or alarm needs somebody).
Environment: MILLRACE_STATE names the state folder (default .millrace/<plant> beside the project).`,
  )

const plantOption = [
  '--plant <dir>',
  'folder of the plant, or the name of an example: demo, connected-cars (default: demo)',
  plantFolder,
] as const
const stateOption = ['--state <dir>', 'state folder (default: .millrace/<plant>)'] as const

const assetOption = ['--asset <id>', 'site/area/line/asset that the tags are of'] as const
const lineOption = ['--line <id>', 'site/area/line: each group of the tags becomes an asset of it'] as const
const writeOption = ['--write <file>', 'where to write it'] as const
const sourceOption = [
  '--option <key=value>',
  'an option of the source, as its connector documents it; again for more',
  (pair: string, before: string[] = []) => [...before, pair],
] as const

program
  .command('start')
  .description('run a whole plant on this machine until Ctrl-C')
  .option(...plantOption)
  .option(...stateOption)
  .option('--brokers <n>', '1 or 3 brokers; 1 puts everything on one small server', brokers)
  .option(
    '--port-base <n>',
    'first of 20 ports in a row (default: as last time, else the first free ones)',
    integer,
  )
  .option('--no-simulator', 'do not start the plant simulator')
  .option('--json', 'print one status a line as JSON instead of the live view')
  .action(async options => (await import('./commands/start.ts')).start(options))

program
  .command('check')
  .description('check a plant folder; opens no socket')
  .argument('[dir]', 'folder of the plant (default: the demo plant)')
  .option(
    '--expand',
    'print what the plant comes to: templates and tables expanded, defaults filled in, as YAML',
  )
  .option('--json', 'print {ok, plant, problems[]}, with --expand also sources[]')
  .action(async (dir, options) =>
    (await import('./commands/check.ts')).check(dir && plantFolder(dir), options),
  )

program
  .command('status')
  .description('brokers, machines, rates, lag, open alarms and replication of a running plant')
  .option(...plantOption)
  .option(...stateOption)
  .option('--json', 'print the whole status as one JSON object')
  .action(async options => (await import('./commands/status.ts')).status(options))

program
  .command('tail')
  .description('follow the records of a topic, or of one asset in all its topics')
  .argument('[topic-or-asset]', 'topic name or site/area/line/asset', 'telemetry')
  .option(...plantOption)
  .option(...stateOption)
  .option('--from <when>', 'now, start, or a time ago such as 10m', 'now')
  .option('--limit <n>', 'stop after so many records', integer)
  .option('--json', 'one JSON object a record')
  .action(async (what, options) => (await import('./commands/tail.ts')).tail(what, options))

program
  .command('read')
  .description('read one value, by the connector that a source would use')
  .argument(
    '<address>',
    's7://10.0.0.5/DB1,REAL4, opc.tcp://..., or a declared tag: site/area/line/asset/tag',
  )
  .option('--watch', 'go on with every sample until Ctrl-C')
  .option('--timeout <s>', 'give up when nothing has come for so long', positive, 15)
  .option(...plantOption)
  .option(...stateOption)
  .option('--source <name>', 'take options and certificates of this source of the plant')
  .option(...sourceOption)
  .option('--json', 'one object a sample: {value, unit, quality, status, time, timeUs, problem}')
  .addHelpText('after', '\nExit code 3: the value is bad.')
  .action(async (address, options) => (await import('./commands/read.ts')).read(address, options))

program
  .command('browse')
  .description("print what a device offers to be read, or write it as a machine's file")
  .argument('<url>', 'endpoint of the device, such as opc.tcp://10.0.0.6:4840')
  .option('--filter <text>', 'only what can be read and has this in its path')
  .option('--depth <n>', 'only so many levels', integer)
  .option(...writeOption)
  .option('--source <name>', 'with --write: its name there; else a source of the plant whose options to take')
  .option(...assetOption)
  .option(...lineOption)
  .option('--force', 'write over a file that is there')
  .option(...plantOption)
  .option(...stateOption)
  .option(...sourceOption)
  .option(
    '--json',
    'print an array of {path, address, type, unit, description}; with --write what was written',
  )
  .addHelpText('after', '\nExit code 3: something found is not written, because the check refuses it.')
  .action(async (url, options) => (await import('./commands/browse.ts')).browse(url, options))

program
  .command('import')
  .description("write a machine's file from a tag list; what it could not take over is told with its line")
  .argument(
    '<file>',
    'tag list: CSV, TIA Portal (XML, SDF, CSV), Kepware CSV; or the source of a data block (.db, .awl, .scl)',
  )
  .requiredOption('--source <name>', 'name of the source')
  .requiredOption('--endpoint <url>', 'how to reach the device; its scheme says by which connector')
  .option('--format <format>', 'csv, tia, kepware, s7-source or auto', 'auto')
  .option(...assetOption)
  .option(...lineOption)
  .option('--plant <dir>', 'write machines/<source>.yaml in this plant folder')
  .option(...writeOption)
  .option('--force', 'write over a file that is there')
  .option(...sourceOption)
  .option('--json', 'print {format, source, connector, assets, tags, notMapped[], file or text}')
  .addHelpText(
    'after',
    '\nWithout --plant and --write it is printed. Exit code 3: something was not taken over.',
  )
  .action(async (file, options) => (await import('./commands/import.ts')).importTags(file, options))

program
  .command('replay')
  .description('play a recording into a running plant, as a machine')
  .argument('<file>', 'CSV (a time column, a column a tag), telemetry as JSON lines, or a waveform as .f32')
  .option(...plantOption)
  .option(...stateOption)
  .option('--as <asset>', 'site/area/line/asset that it is played as')
  .option('--source <name>', 'name of the source (default: replay-<name of the file>)')
  .option(
    '--times <which>',
    'now: it happens now; recorded: then, and a second time only as another run',
    'now',
  )
  .option('--speed <n>', 'times faster than recorded, or max (with --times recorded)', speed)
  .option('--loop', 'from the end on again from the beginning, until Ctrl-C')
  .option('--rate <hz>', 'samples a second of an .f32', positive)
  .option('--run <name>', 'plays once more what was played under another name')
  .option(...sourceOption)
  .option('--json', 'print {source, run, epoch, seq, samples}')
  .action(async (file, options) => (await import('./commands/replay.ts')).replay(file, options))

program
  .command('client')
  .description('make a read-only Kafka client of the plant: its certificate and its settings')
  .argument('<name>', 'who it is: letters, digits and dashes')
  .requiredOption('--format <format>', 'kcat, java or kafkajs')
  .option(...plantOption)
  .option(...stateOption)
  .option('--out <dir>', 'where to write (default: clients/<name> in the state folder)')
  .option('--json', 'print {principal, group, files}')
  .action(async (name, options) => (await import('./commands/client.ts')).client(name, options))

program
  .command('backtest')
  .description('play history through the processors as a plant folder declares them, before it is used')
  .option('--from <when>', 'ISO 8601, or a time ago such as 30d; of files: their beginning')
  .option('--to <when>', 'ISO 8601, now, or a time ago (default: ten seconds ago; of files: their end)')
  .option('--config <dir>', 'plant folder to try (default: the one that runs)')
  .option('--diff', 'compare with the signals and alarms that were')
  .option('--was <files...>', 'compare with these: what a backtest wrote, or tail --json printed')
  .option(
    '--files <files...>',
    'history from files: telemetry as tail --json prints it, CSV or .f32 recordings',
  )
  .option('--as <asset>', 'site/area/line/asset whose recording a CSV or .f32 is')
  .option(...sourceOption)
  .option('--warm-up <time>', 'history before --from that fills windows and baselines', '1h')
  .option('--aggregates', 'write the aggregates too')
  .option('--out <dir>', 'where the results are written', 'backtest')
  .option('--threads <n>', 'partitions are shared between so many (default: one a core)', integer)
  .option(...plantOption)
  .option(...stateOption)
  .option(
    '--json',
    'print {plant, plantHash, from, to, samples, seconds, results, files[], differences, difference[]}',
  )
  .action(async options => (await import('./commands/backtest.ts')).backtest(options))

const deadletter = program
  .command('deadletter')
  .description('records that could not be read: see them, and put them back once the cause is mended')
const letterFilters = (command: Command) =>
  command
    .option('--asset <id>', 'only of this asset, line, area or site')
    .option('--source <name>', 'only of this source')
    .option('--topic <name>', 'only what was in this topic: telemetry or waveforms')
    .option('--code <code>', 'only with this error code')
    .option(...plantOption)
    .option(...stateOption)
letterFilters(deadletter.command('list', { isDefault: true }))
  .description('what waits, with position, time, source and reason')
  .option('--all', 'also what was put back')
  .option(
    '--json',
    'print an array of {letter, position, topic, time, key, source, code, reason, retryOf, bytes, state}',
  )
  .addHelpText('after', '\nExit code 3: a dead letter waits.')
  .action(async options => (await import('./commands/deadletter.ts')).listLetters(options))
letterFilters(deadletter.command('retry'))
  .description('put records back into their topics, once each, and tell what became of them')
  .argument('[letters...]', 'as the list shows them: dead-letter/0/17')
  .option('--every', 'everything that waits')
  .option('--wait <s>', 'wait so long for the processors to take them', positive, 30)
  .option('--json', 'print {putBack[], taken, again[]}')
  .addHelpText('after', '\nExit code 3: a record could not be read again, or was not taken in time.')
  .action(async (letters, options) => (await import('./commands/deadletter.ts')).retry(letters, options))

const pki = program.command('pki').description("the plant's certificates")
pki
  .command('list', { isDefault: true })
  .description('every certificate given out, the next to expire first')
  .option(...plantOption)
  .option(...stateOption)
  .option('--json', 'print an array of {name, kind, serial, expires}')
  .action(async options => (await import('./commands/pki.ts')).listIssued(options))
pki
  .command('trust')
  .description(
    "trust a device's certificate that a connector has refused; without an argument, list those refused",
  )
  .argument(
    '[thumbprint]',
    'the beginning of its SHA-1 thumbprint, as shown in the list, or a certificate file',
  )
  .option('--source <name>', 'the source that is to trust a certificate file')
  .option(...plantOption)
  .option(...stateOption)
  .option('--json', 'print what was refused or trusted as JSON')
  .action(async (thumbprint, options) => (await import('./commands/pki.ts')).trustDevice(thumbprint, options))

program
  .command('service', { hidden: true })
  .description('run one service of one server; what `start` and systemd call')
  .argument('<name>')
  .requiredOption('--plant <dir>')
  .requiredOption('--server <file>')
  .action(async (name, options) => (await import('./commands/service.ts')).service(name, options))

function integer(text: string): number {
  const value = Number(text)
  if (Number.isInteger(value) && value > 0) return value
  return program.error(`"${text}" is not a positive whole number`, { exitCode: 2 })
}

function positive(text: string): number {
  const value = Number(text)
  if (value > 0 && Number.isFinite(value)) return value
  return program.error(`"${text}" is not a positive number`, { exitCode: 2 })
}

function speed(text: string): number | 'max' {
  return text === 'max' ? text : positive(text)
}

function brokers(text: string): 1 | 3 {
  if (text === '1' || text === '3') return Number(text) as 1 | 3
  return program.error(`--brokers is 1 or 3, not "${text}"`, { exitCode: 2 })
}

declareLearning(program, { plantOption, stateOption, integer })

program.configureOutput({ outputError: (text, write) => write(text) }).exitOverride()

// Whoever reads our output may have enough of it: `millrace tail | head`.
process.stdout.on('error', error => process.exit((error as NodeJS.ErrnoException).code === 'EPIPE' ? 0 : 1))

try {
  await program.parseAsync()
} catch (thrown) {
  process.exitCode = exitCodeOf(thrown)
}

function exitCodeOf(thrown: unknown): number {
  if (thrown instanceof MillraceError) {
    console.error(`millrace: ${thrown.explanation}`)
    return 1
  }
  const { exitCode, code } = thrown as { exitCode?: number; code?: string }
  if (code?.startsWith('commander.')) return exitCode === 0 ? 0 : 2
  console.error(thrown)
  return 1
}
