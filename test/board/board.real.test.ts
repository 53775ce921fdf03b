import type { ConsoleMessage, Page } from 'playwright-core'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { type Board, type BoardPlant, PlantView, startBoard } from '../../board/index.ts'
import { needs } from '../needs.ts'
import { browserMissing, launchBrowser, type TestBrowser } from './browser.ts'
import {
  aggregate,
  alarm,
  bearing,
  history,
  ids,
  judged,
  ledger,
  manyMachines,
  part,
  pressShop,
  replicator,
  second,
} from './press-shop.ts'

let browser: TestBrowser
let view: PlantView
let board: Board
let feeding: NodeJS.Timeout

beforeAll(async () => {
  if (!browserMissing) browser = await launchBrowser()
})
afterAll(async () => {
  await browser?.[Symbol.asyncDispose]()
})

beforeEach(async context => {
  needs(context, 'chromium')
  view = liveView(pressShop)
  view.apply(history(Date.now()))
  const feed = () => {
    const now = Math.floor(Date.now() / 1000) * 1000
    view.apply([...second(now), ...pressShop.sources.map(({ name }) => ledger(name, now)), replicator(now)])
  }
  feed()
  feeding = setInterval(feed, 1000)
  board = await startBoard({ view, host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  clearInterval(feeding)
  await board?.close()
})

test('shows the plant: health, machines by line, values with units', async () => {
  const { page, complaints } = await open(board.url)
  await expectText(page, 'h1', 'Demo press shop')
  await expectText(page, '#health', /3\/3.*4\/4.*48\.2/)
  await expectText(page, '#alarms-none', 'No open alarms')
  expect(await page.locator('.line h2').allTextContents()).toEqual([
    'Press shop · Line 1',
    'Heat treatment · Line 2',
  ])
  await expectText(card(page, ids.press), '.row:nth-child(2)', /Oil temperature\d\d\.\d°C/)
  await expectText(card(page, ids.pump), '.row:nth-child(3)', 'Runningon')
  expect(await page.locator('#connection').textContent()).toBe('Live')
  expect(complaints).toEqual([])
})

test('an alarm is on the page within a second, read out, with its reason; and goes when it is cleared', async () => {
  const { page, complaints } = await open(board.url)
  await expectText(page, '#alarms-none', 'No open alarms')
  const now = Date.now()
  view.apply([bearing(now, 8.4), alarm(now)])
  await page.locator('.alarm').waitFor({ timeout: 1_000 })
  await expectText(
    page,
    '.alarm',
    /ALARMPress 1 · Spindle bearing8\.40 dBInner race.*damagedsince \d\d:\d\d:\d\d/,
  )
  await expectText(page, '#announcer', /Alarm: Press 1, Spindle bearing\. Inner race/)
  expect(await page.title()).toBe('(1) Demo press shop')
  expect(await card(page, ids.press).getAttribute('data-severity')).toBe('alarm')
  view.apply([alarm(now + 2_000, { state: 'cleared' })])
  await page.locator('.alarm').waitFor({ state: 'detached' })
  await expectText(page, '#alarms-none', 'No open alarms')
  expect(complaints).toEqual([])
})

test('a machine going bad shows its reason, and is well again when it is', async () => {
  const { page, complaints } = await open(board.url)
  clearInterval(feeding)
  const reason = 'Nothing answers at s7://10.2.0.14:102. Is the PLC on?'
  view.apply([ledger('furnace', Date.now(), { state: 'disconnected', reason })])
  await expectText(card(page, ids.furnace), '.machine-state', 'Disconnected')
  await expectText(card(page, ids.furnace), '.machine-reason', reason)
  await expectText(page, '.tile:nth-child(2)', 'Machines3/41 with trouble')
  await expectText(card(page, ids.furnace), '.row:first-child .row-note', /^as of \d\d:\d\d:\d\d$/)

  const bad = { asset: ids.pump, tag: 'flow', reason: 'DB12 does not exist in the PLC' }
  view.apply([ledger('hydraulics', Date.now(), { state: 'degraded', badTags: [bad] })])
  await expectText(card(page, ids.pump), '.machine-state', 'Degraded')
  await expectText(card(page, ids.pump), '.row:nth-child(2)', /^Flow–bad: DB12 does not exist in the PLC$/)

  view.apply([ledger('furnace', Date.now()), ledger('hydraulics', Date.now())])
  await expectText(page, '.tile:nth-child(2)', 'Machines4/4connected')
  expect(complaints).toEqual([])
})

test('a value of bad quality is never shown as a value', async () => {
  const { page } = await open(board.url)
  clearInterval(feeding)
  view.apply([aggregate(ids.conveyor, 'speed', Date.now(), 77, 0)])
  await expectText(card(page, ids.conveyor), '.row:first-child', 'Speed–bad quality')
})

test('a machine opens with its charts and limits, has an address of its own, and closes by the keyboard', async () => {
  const { page, complaints } = await open(board.url)
  view.apply([alarm(Date.now(), {}, 'alarm-events')])
  await card(page, ids.press).focus()
  await page.keyboard.press('Enter')
  await expectText(page, '#detail-title', 'Press 1')
  await expectHash(page, `#/${ids.press}`)
  await page.locator('.detail .uplot canvas').first().waitFor()
  const panels = page.locator('.panel', { has: page.locator('.chart:not([hidden])') })
  expect(await panels.locator('h4').allTextContents()).toEqual([
    'Spindle bearing',
    'Oil temperature',
    'Motor current',
    'Stroke rate',
  ])
  expect(await paintedColours(page, 1)).toEqual(expect.arrayContaining(['warning', 'alarm', 'line']))
  await expectText(page, '.events', /Alarm: Spindle bearing/)
  await page.keyboard.press('Escape')
  await page.locator('.detail').waitFor({ state: 'hidden' })
  await expectHash(page, '')

  await page.goto(`${board.url}/#/${ids.furnace}`)
  await expectText(page, '#detail-title', 'Hardening furnace')
  await page.getByRole('button', { name: 'Close' }).click()
  await page.locator('.detail').waitFor({ state: 'hidden' })
  expect(complaints).toEqual([])
})

test('the last parts and the life that a machine has left are told in words, and what is not known too', async () => {
  const { page, complaints } = await open(board.url)
  const now = Date.now()
  clearInterval(feeding)
  const still = {
    value: null,
    verdict: 'not-known',
    reason: 'spindle-speed is not known: it is bad',
  } as const
  view.apply([bearing(now, 0, still)])
  await expectText(
    card(page, ids.press),
    '.row:first-child',
    /^Spindle bearing–Spindle-speed is not known: it is bad$/,
  )
  const noModel = 'Remaining life is not known: no model of class press is in force'
  const worn = '61.4 h of operation remain (38.2 to 97.5 h in 90 of 100 cases)'
  const share = '3 of the last 50 parts are scrap; the last part is ok: all of force within limits'
  const life = { signal: 'life', processor: 'remaining-life', unit: 'h' }
  const heavy = { verdict: 'scrap', reason: 'force is 950 kN, above its scrap limit of 880 kN' } as const
  const unseen = 'force is not known: no sample of ram-force in the cycle'
  view.apply([
    judged(now, { ...life, verdict: 'not-known', reason: noModel }),
    judged(now, { signal: 'strokes', processor: 'parts', unit: '%', value: 6, reason: share }),
    part(now - 4_000, 16),
    part(now - 3_000, 17, { verdict: 'not-known', part: null, reason: unseen }),
    part(now - 2_000, 18, heavy),
    part(now - 1_000, 19, { ...heavy, final: false, end: null }),
  ])
  await card(page, ids.press).click()
  await expectText(page, '.parts', /19/)
  const told = await page.locator('.parts li').allTextContents()
  expect(told.map(text => text.replace(/^\d\d:\d\d:\d\d/, ''))).toEqual([
    'Scrap, part 19, still being made. Force is 950 kN, above its scrap limit of 880 kN',
    'Scrap, part 18. Force is 950 kN, above its scrap limit of 880 kN',
    'Not known. Force is not known: no sample of ram-force in the cycle',
    'Ok, part 16. All of thickness, force within limits',
  ])
  const panel = (name: string) => page.locator('.panel', { has: page.getByRole('heading', { name }) })
  await expectText(panel('Strokes'), '.panel-value', /^6 % scrap$/)
  await expectText(panel('Life'), '.panel-value', '–')
  await expectText(panel('Life'), '.panel-reason', noModel)
  view.apply([judged(now + 1_000, { ...life, value: 61.4, verdict: 'warning', reason: worn })])
  await expectText(panel('Life'), '.panel-value', '61.4 h')
  await expectText(panel('Life'), '.panel-reason', worn)
  expect(await page.locator('.detail').textContent()).not.toMatch(/null|undefined|NaN/)
  expect(complaints).toEqual([])
})

test.each([
  [360, 740],
  [320, 640],
  [1280, 800],
  [3840, 2160],
])('fits a screen of %i x %i, and a gloved finger', async (width, height) => {
  view.apply([
    alarm(Date.now(), {
      reason: `${'very-long-word'.repeat(12)} and more`,
      signal: 'a-signal-with-a-rather-long-name',
    }),
  ])
  const { page } = await open(board.url, { viewport: { width, height } })
  await page.locator('.alarm').waitFor()
  expect(await overflow(page)).toBe(0)
  const heights = await page
    .locator('a.machine, a.alarm')
    .evaluateAll(all => all.map(it => it.getBoundingClientRect().height))
  expect(Math.min(...heights)).toBeGreaterThanOrEqual(48)
  await card(page, ids.press).click()
  await page.locator('.detail .uplot canvas').first().waitFor()
  const close = await page.getByRole('button', { name: 'Close' }).boundingBox()
  expect(Math.min(close?.width ?? 0, close?.height ?? 0)).toBeGreaterThanOrEqual(48)
  expect(await overflow(page)).toBe(0)
})

test('says when the board is gone and how old the values are, and comes back by itself', async () => {
  const { page, complaints } = await open(board.url)
  await expectText(page, '#connection', 'Live')
  const port = Number(new URL(board.url).port)
  await board.close()
  await expectText(page, '#connection', 'Connection lost')
  await expectText(
    page,
    '#banner',
    /No connection to the board for \d+ s, trying again. Shown is the state of \d\d:/,
  )
  await expectText(card(page, ids.press), 'h3', 'Press 1')
  board = await startBoard({ view, host: '127.0.0.1', port })
  await expectText(page, '#connection', 'Live')
  await page.locator('#banner').waitFor({ state: 'hidden' })
  view.apply([alarm(Date.now())])
  await page.locator('.alarm').waitFor({ timeout: 1_500 })
  const others = complaints.filter(text => !/WebSocket connection .* failed/.test(text))
  expect(others).toEqual([])
})

test('says when the board itself has lost Kafka', async () => {
  const { page } = await open(board.url)
  view.setFeed('away', Date.now(), 'Nothing answers at 127.0.0.1:9092')
  await expectText(page, '#banner', /no contact with Kafka for \d+ s.*Nothing answers at 127\.0\.0\.1:9092/)
  await expectText(page, '.tile:first-child', 'Brokers0/3no contact')
})

test('a plant without machines, and one that nobody has heard of yet, are told in words', async () => {
  const empty = await startBoard({
    view: new PlantView({ ...pressShop, assets: [] }),
    host: '127.0.0.1',
    port: 0,
  })
  const { page } = await open(empty.url)
  await expectText(page, '#machines', /no machines yet/)
  await expectText(page, '#banner', 'The board is connecting to Kafka.')
  await empty.close()

  const silent = await startBoard({ view: new PlantView(pressShop), host: '127.0.0.1', port: 0 })
  const other = await open(silent.url)
  await expectText(card(other.page, ids.press), '.machine-reason', /has not reported yet/)
  await expectText(card(other.page, ids.press), '.row:nth-child(2)', /^Oil temperature–°?C?no sample yet$/)
  await silent.close()
})

test('two hundred machines are there within five seconds and stay quick', async () => {
  const mills = manyMachines(200)
  const hall = liveView(mills)
  const feed = () =>
    hall.apply([
      ledger('mills', Date.now(), { assets: mills.assets.map(asset => asset.id) }),
      ...mills.assets.flatMap(({ id, tags }) =>
        tags.map(tag => aggregate(id, tag.name, Date.now(), 40 + Math.sin(Date.now() / 9e3))),
      ),
    ])
  feed()
  const busy = await startBoard({ view: hall, host: '127.0.0.1', port: 0 })
  const start = performance.now()
  const { page, complaints } = await open(busy.url)
  await page.locator('.machine').nth(199).waitFor({ state: 'attached' })
  expect(performance.now() - start).toBeLessThan(5_000)
  const hallFeeding = setInterval(feed, 500)
  expect(await longestFrameMs(page, 4_000)).toBeLessThan(400)
  clearInterval(hallFeeding)
  expect(complaints).toEqual([])
  await busy.close()
})

test('figures are told as people read them', async () => {
  const { page } = await open(board.url)
  const told = await page.evaluate(`import('/format.js').then(f => [
    [0, 42, 0.4182, 4.1234, 48.26, 1234.5, 1234567, -3.14159, 1e9, 0.00001].map(f.formatNumber),
    [true, false, null, '9007199254740993', 'running', [1, 2]].map(f.formatValue),
    ['Cel', 'm/s2', '1', '{strokes}', 'bar'].map(f.formatUnit),
    [0, 980, 12400, 3.1e6].map(f.formatCount),
    [900, 59400, 61000, 7.3e6, 2e8].map(f.formatDuration),
  ])`)
  expect(told).toEqual([
    [
      '0',
      '42',
      '0.418',
      '4.12',
      '48.3',
      '1\u202f235',
      '1\u202f234\u202f567',
      '\u22123.14',
      '1.00e+9',
      '1.00e\u22125',
    ],
    ['on', 'off', '–', '9007199254740993', 'running', '[1,2]'],
    ['°C', 'm/s²', '', 'strokes', 'bar'],
    ['0', '980', '12.4\u202fk', '3.1\u202fM'],
    ['1 s', '59 s', '1 min', '2 h', '2 days'],
  ])
})

function liveView(plant: BoardPlant): PlantView {
  const made = new PlantView(plant)
  const brokers = [1, 2, 3].map(id => ({
    id,
    host: `127.0.0.${id}`,
    port: 9092,
    up: true,
    underReplicated: 0,
  }))
  made.setCluster(brokers, { records: 0, seconds: 0 })
  made.setFeed('live', Date.now())
  return made
}

/** A page, and everything it complains of: console errors and warnings, exceptions, violations of the policy. */
async function open(url: string, options: { viewport?: { width: number; height: number } } = {}) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options })
  const complaints: string[] = []
  page.on('console', (message: ConsoleMessage) => {
    if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
  })
  page.on('pageerror', error => complaints.push(error.message))
  page.on('request', request => {
    if (!request.url().startsWith(url)) complaints.push(`asked ${request.url()}`)
  })
  await page.goto(url)
  return { page, complaints }
}

const card = (page: Page, asset: string) => page.locator(`.machine[href="#/${asset}"]`)

/** Waits until the element's text is, or matches, what is wanted. */
async function expectText(
  place: Pick<Page, 'locator'>,
  selector: string,
  wanted: string | RegExp,
): Promise<void> {
  const element = place.locator(selector).first()
  await expect
    .poll(async () => (await element.textContent({ timeout: 5_000 }))?.trim(), {
      timeout: 10_000,
      interval: 50,
    })
    .toEqual(typeof wanted === 'string' ? wanted : expect.stringMatching(wanted))
}

/** Waits for the address: a dialog that closes says so later than it hides, and the browser tells its address later still. */
async function expectHash(page: Page, wanted: string): Promise<void> {
  await expect.poll(() => new URL(page.url()).hash, { timeout: 10_000, interval: 50 }).toBe(wanted)
}

/** How far the page or the open detail is wider than its screen, px. */
function overflow(page: Page): Promise<number> {
  return page.evaluate(`Math.max(...[document.documentElement, document.querySelector('dialog[open]')]
    .filter(Boolean).map(it => it.scrollWidth - it.clientWidth))`)
}

/** Which of the style sheet's chart colours a chart has painted with. */
function paintedColours(page: Page, chart: number): Promise<string[]> {
  return page.evaluate(`(() => {
    const canvas = document.querySelectorAll('.chart:not([hidden]) canvas')[${chart}]
    const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height)
    const painted = new Set()
    for (let i = 0; i < data.length; i += 4) if (data[i + 3] === 255) painted.add(data.slice(i, i + 3).join())
    const style = getComputedStyle(document.documentElement)
    const rgb = name => {
      const probe = document.createElement('canvas').getContext('2d')
      probe.fillStyle = style.getPropertyValue(name)
      probe.fillRect(0, 0, 1, 1)
      return probe.getImageData(0, 0, 1, 1).data.slice(0, 3).join()
    }
    const colours = { warning: '--warning-line', alarm: '--alarm-line', line: '--chart-line' }
    return Object.keys(colours).filter(name => painted.has(rgb(colours[name])))
  })()`)
}

/** The longest pause between two frames while the page is fed. */
function longestFrameMs(page: Page, forMs: number): Promise<number> {
  return page.evaluate(`new Promise(resolve => {
    const start = performance.now()
    let last = start
    let longest = 0
    requestAnimationFrame(function frame(now) {
      longest = Math.max(longest, now - last)
      last = now
      if (now - start > ${forMs}) resolve(longest)
      else requestAnimationFrame(frame)
    })
  })`)
}
