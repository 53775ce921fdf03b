import type { Command } from 'commander'

type Shared = {
  readonly plantOption: readonly [string, string, (named: string) => string]
  readonly stateOption: readonly [string, string]
  readonly integer: (text: string) => number
}

/** What of the command line is about learning: labels, training, and models. */
export function declareLearning(program: Command, { plantOption, stateOption, integer }: Shared): void {
  declareTraining(program, { plantOption, stateOption, integer })
  declareModels(program, { plantOption, stateOption, integer })
}

function declareTraining(program: Command, { plantOption, stateOption }: Shared): void {
  program
    .command('label')
    .description('tell what you know of an asset: it resets what processors remember, and reaches training')
    .argument('<asset>', 'site/area/line/asset')
    .option('--failed', 'its life ended')
    .option('--repaired', 'it is as new from then on')
    .option('--true-alarm', 'the alarm that was open then was right')
    .option('--false-alarm', 'it was not')
    .option('--at <time>', 'ISO 8601, now, or a time ago such as 10m', 'now')
    .option('--note <text>', 'for people')
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print the label')
    .action(async (asset, options) => (await import('./commands/label.ts')).label(asset, options))

  program
    .command('train')
    .description(
      "train a model of remaining life from the plant's telemetry and labels; it begins in the shadow",
    )
    .argument('<asset-class>', 'class of the assets, which declare a remaining-life')
    .option('--from <time>', 'ISO 8601, or a time ago such as 30d', '1970-01-01')
    .option('--to <time>', 'the same, or now', 'now')
    .option('--learner <name>', 'trees or least-squares', 'trees')
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print {id, assetClass, learner, training, scores, role}')
    .action(async (name, options) => (await import('./commands/train.ts')).train(name, options))
}

function declareModels(program: Command, shared: Shared): void {
  const { plantOption, stateOption } = shared
  const models = program
    .command('models')
    .description('models of remaining life: which there are, and which are in force')
  models
    .command('list')
    .description('every model, and what it does')
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print an array of {id, assetClass, learner, role, lives, rmse}')
    .action(async options => (await import('./commands/models.ts')).listModels(options))
  declareChoices(models, shared)
  declareExchange(models, shared)
}

function declareChoices(models: Command, { plantOption, stateOption, integer }: Shared): void {
  models
    .command('promote')
    .description('put the model in the shadow into force; what was active goes into the shadow')
    .argument('<asset-class>')
    .option('--model <id>', 'another one than the shadow')
    .option(
      '--by-rule',
      'only if it was not worse than the active one; exit code 3 if it was, or is not known',
    )
    .option('--lives <n>', 'with --by-rule: over so many whole lives', integer, 3)
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print the choice')
    .action(async (name, options) => (await import('./commands/models.ts')).promoteModel(name, options))
  models
    .command('rollback')
    .description('back to the model that was active before')
    .argument('<asset-class>')
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print the choice')
    .action(async (name, options) => (await import('./commands/models.ts')).rollBackModel(name, options))
}

function declareExchange(models: Command, { plantOption, stateOption }: Shared): void {
  models
    .command('add')
    .description('put a model that was trained elsewhere (examples/train.py) into the shadow')
    .argument('<file>', 'a model of the schema model-v1, its id left out; ONNX in it as base64')
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print {id, assetClass, learner, training, scores, role}')
    .action(async (file, options) => (await import('./commands/exchange.ts')).addModel(file, options))
  models
    .command('export')
    .description('write a model as ONNX: a row of its features in, hours of operation out')
    .argument('<id>')
    .requiredOption('--out <file>', 'where to write it')
    .option(...plantOption)
    .option(...stateOption)
    .option('--json', 'print {id, file, features}')
    .action(async (id, options) => (await import('./commands/exchange.ts')).exportModel(id, options))
}
