/**
 * Takes a picture of a running board: `node test/board/screenshot.ts URL OUT.png [--dark] [--size 1280x800]`.
 * Waits until the page shows machines and live values.
 */
import { parseArgs } from 'node:util'
import { launchBrowser } from './browser.ts'

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { dark: { type: 'boolean', default: false }, size: { type: 'string', default: '1280x800' } },
})
const [url, out] = positionals
const [width, height] = values.size.split('x').map(Number)
if (!url || !out || !width || !height) {
  console.error('Usage: node test/board/screenshot.ts URL OUT.png [--dark] [--size 1280x800]')
  process.exit(2)
}

await using browser = await launchBrowser()
const page = await browser.newPage({
  viewport: { width, height },
  colorScheme: values.dark ? 'dark' : 'light',
  deviceScaleFactor: 2,
})
await page.goto(url)
await page.locator('.machine .row-value', { hasText: /\d/ }).first().waitFor()
await page.screenshot({ path: out })
