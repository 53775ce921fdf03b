import { setTimeout as sleep } from 'node:timers/promises'
import { connectKafka } from '../../edge-broker/client/index.ts'
import { MillraceError } from '../../model/index.ts'
import { readLetters, retryLetters, taken } from '../deadletter/box.ts'
import { isWanted, type Letter, type LetterFilter, toldOf } from '../deadletter/letters.ts'
import { processorGroup } from '../input.ts'
import { type PlantOptions, runningPlantAt } from '../plant-at.ts'
import { openProgress } from '../progress.ts'
import { slowNotice } from '../slow-notice.ts'

type Filters = Omit<LetterFilter, 'letters'>
export type ListOptions = PlantOptions & Filters & { all?: boolean; json?: boolean }
export type RetryOptions = PlantOptions & Filters & { every?: boolean; wait: number; json?: boolean }

const attention = 3

/** The mark that shows a transaction reaches each of its partitions in its own time: the letters' after the positions', ms. */
const markersMs = 300

/** Shows what waits, or all that is kept; exit code 3 when something waits. */
export async function listLetters(options: ListOptions): Promise<void> {
  const { connection } = await runningPlantAt(options)
  const notice = slowNotice(() => 'reading the dead letters')
  const kept = await readLetters(connectKafka(connection('operator'))).finally(() => notice.end())
  const shown = kept.filter(letter => isWanted(letter, options) && (options.all || !letter.wasRetried))
  if (options.json) console.log(JSON.stringify(shown.map(toldOf)))
  else console.log(listText(shown))
  if (shown.some(({ wasRetried }) => !wasRetried)) process.exitCode = attention
}

/** Puts letters back and waits for what becomes of them; exit code 3 when one comes again, or nobody took it. */
export async function retry(letters: readonly string[], options: RetryOptions): Promise<void> {
  const filter = { ...options, letters }
  requireChoice(filter, options)
  const { connection } = await runningPlantAt(options)
  const retrier = connectKafka(connection('retrier'))
  const operator = connectKafka(connection('operator'))
  const { back, isTaken, again } = await openProgress(process.stderr).step('putting back', async note => {
    const back = await retryLetters(retrier, filter, (done, all) => note(`${done} of ${all}`))
    note(`${back.length}; waiting for the processors`)
    return { back, ...(await outcome(operator, back, options.wait * 1_000)) }
  })
  const result = { putBack: back.map(toldOf), taken: isTaken, again: again.map(toldOf) }
  if (options.json) console.log(JSON.stringify(result))
  else console.log(retryText(back, isTaken, again))
  if (!isTaken || again.length > 0) process.exitCode = attention
}

async function outcome(kafka: ReturnType<typeof connectKafka>, back: readonly Letter[], timeoutMs: number) {
  if (back.length === 0) return { isTaken: true, again: [] }
  const topics = [...new Set(back.map(({ topic }) => topic))]
  const isTaken = await taken(kafka, { group: processorGroup, topics, timeoutMs })
  await sleep(markersMs)
  const places = new Set(back.map(({ letter }) => letter))
  const again = (await readLetters(kafka)).filter(({ retryOf }) => retryOf && places.has(retryOf))
  return { isTaken, again }
}

/** Everything that waits goes back only when that is said. */
function requireChoice(
  { asset, source, topic, code, letters = [] }: LetterFilter,
  options: RetryOptions,
): void {
  const filters = [asset, source, topic, code].some(filter => filter !== undefined)
  if (filters || letters.length > 0 || options.every) return
  throw new MillraceError('config-invalid', 'nothing says which dead letters to put back', {
    hint: 'Name them as `millrace deadletter list` shows them, give a filter, or --every',
  })
}

function listText(letters: readonly Letter[]): string {
  if (letters.length === 0) return 'No dead letter waits.'
  const rows = letters.map(letter => {
    const { time, state } = toldOf(letter)
    const source = letter.source ?? '-'
    const before = letter.retryOf ? ` (was ${letter.retryOf})` : ''
    return `${letter.letter}  ${time}  ${letter.position}  ${source}  ${letter.key}  ${state}${before}\n    ${letter.code}: ${letter.reason}`
  })
  const waiting = letters.filter(({ wasRetried }) => !wasRetried).length
  const hint =
    waiting > 0 ? '\nmillrace deadletter retry LETTER ... puts them back once the cause is mended.' : ''
  return `${rows.join('\n')}\n${letters.length} dead letters, ${waiting} of them waiting.${hint}`
}

function retryText(back: readonly Letter[], isTaken: boolean, again: readonly Letter[]): string {
  const lines = [`${back.length} records are back in their topics.`]
  if (!isTaken) lines.push('The processors have not taken them yet: see millrace status.')
  for (const { retryOf, letter, code, reason } of again)
    lines.push(`${retryOf} cannot be read again, and is now ${letter}: ${code}: ${reason}`)
  if (back.length > 0 && isTaken && again.length === 0) lines.push('All of them were read.')
  return lines.join('\n')
}
