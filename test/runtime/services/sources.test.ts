import { expect, test, vi } from 'vitest'
import type { Plant, SourceSpec } from '../../../config/plant.ts'
import { plantFeed } from '../../../runtime/plant-feed.ts'
import { runSources } from '../../../runtime/services/sources.ts'

const source = (name: string, scanMs = 100) => ({ name, options: { scanMs } }) as unknown as SourceSpec
const plantOf = (...sources: SourceSpec[]) => ({ sources }) as unknown as Plant

/** Writes down what is started and stopped. */
function recorded(plants: ReturnType<typeof plantFeed>) {
  const log: string[] = []
  const stop = new AbortController()
  const keep = (how: string) => async (spec: SourceSpec, signal: AbortSignal) => {
    log.push(`${how} ${spec.name} ${spec.options.scanMs}`)
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    log.push(`end ${spec.name} ${spec.options.scanMs}`)
  }
  const ended = runSources(plants, stop.signal, keep('keep'), keep('retire'))
  const came = (lines: string[]) => vi.waitFor(() => expect(log.splice(0)).toEqual(lines))
  return { came, stop, ended, log }
}

test('only sources that are new, gone or declared otherwise are started and stopped', async () => {
  const plants = plantFeed(plantOf(source('a'), source('b'), source('c')))
  const { came, stop, ended, log } = recorded(plants)
  await came(['keep a 100', 'keep b 100', 'keep c 100'])
  plants.set(plantOf(source('a'), source('b', 50), source('d')))
  await came(['end b 100', 'end c 100', 'retire c 100', 'keep b 50', 'keep d 100'])
  plants.set(plantOf(source('a'), source('b', 50), source('d'), source('c')))
  await came(['end c 100', 'keep c 100'])
  stop.abort()
  await ended
  expect(log.sort()).toEqual(['end a 100', 'end b 50', 'end c 100', 'end d 100'])
})

test('changes that come while one is being applied are applied after it', async () => {
  const plants = plantFeed(plantOf(source('a')))
  const { stop, ended, log } = recorded(plants)
  plants.set(plantOf(source('a', 1)))
  plants.set(plantOf(source('a', 2)))
  await vi.waitFor(() => expect(log.at(-1)).toBe('keep a 2'))
  stop.abort()
  await ended
})

test('the failure of one for good ends all, and is told', async () => {
  const plants = plantFeed(plantOf(source('a'), source('b')))
  let stopped = false
  const keep = async ({ name }: SourceSpec, signal: AbortSignal) => {
    if (name === 'b') throw new Error('fenced')
    await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve()))
    stopped = true
  }
  await expect(runSources(plants, new AbortController().signal, keep, keep)).rejects.toThrow('fenced')
  expect(stopped).toBe(true)
})
