import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BrowserContext, type BrowserContextOptions, chromium, type Page } from 'playwright-core'

export const chromiumPath = '/usr/bin/chromium'

/** Why no browser can be had here; undefined when one is there. */
export const browserMissing = existsSync(chromiumPath)
  ? undefined
  : `${chromiumPath} is missing (apt-get install chromium)`

const launchArguments = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

export type TestBrowser = AsyncDisposable & { newPage(options?: BrowserContextOptions): Promise<Page> }

/** A Chromium with a profile of its own, which is gone with it. */
export async function launchBrowser(): Promise<TestBrowser> {
  const profile = await mkdtemp(join(tmpdir(), 'millrace-browser-'))
  const persistent: BrowserContext = await chromium.launchPersistentContext(profile, {
    executablePath: chromiumPath,
    args: launchArguments,
    headless: true,
  })
  const browser = persistent.browser()
  return {
    async newPage(options) {
      if (!browser) throw new Error('Chromium has no browser object')
      const context = await browser.newContext(options)
      return context.newPage()
    },
    async [Symbol.asyncDispose]() {
      await persistent.close()
      await rm(profile, { recursive: true, force: true, maxRetries: 5 })
    },
  }
}
