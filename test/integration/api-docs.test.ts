// The page at /docs in a real browser.
import { chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { ensureServer } from '../../deploy/servers.ts'
import { testApi } from '../support/api.ts'
import { stubEngine } from '../support/stub-engine.ts'

let browser: Awaited<ReturnType<typeof chromium.launch>>

beforeAll(async () => {
  browser = await chromium.launch({
    executablePath: await ensureServer('chromium'),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking'],
  })
})
afterAll(() => browser.close())

/** Opens the page, and collects whatever the browser complains about or asks for beside it. */
async function openDocs(options: { width: number; colorScheme: 'light' | 'dark' }) {
  const origin = await testApi(stubEngine()).listen({ port: 0, host: '127.0.0.1' })
  const viewport = { width: options.width, height: 800 }
  const page = await browser.newPage({ viewport, colorScheme: options.colorScheme })
  const complaints: string[] = []
  const requests: string[] = []
  page.on('console', (message) => complaints.push(message.text()))
  page.on('pageerror', (error) => complaints.push(error.message))
  page.on('request', (request) => requests.push(new URL(request.url()).pathname))
  await page.goto(`${origin}/docs`)
  return { page, complaints, requests }
}

async function background(page: Page): Promise<string> {
  return page.evaluate<string>('getComputedStyle(document.body).backgroundColor')
}

test('the page shows routes, parameters and curl lines, loads nothing else and has no complaints', async () => {
  const { page, complaints, requests } = await openDocs({ width: 1200, colorScheme: 'light' })
  await page.getByRole('heading', { name: 'Pulseprint API' }).waitFor()
  const section = page.locator('section', {
    has: page.getByRole('heading', { name: 'GET /v1/profiles/{userId}', exact: true }),
  })
  expect(await section.textContent()).toMatch(/curl [\s\S]*\?minSequence[\s\S]*userId/)
  await section.getByText('Errors:').click()
  await section.getByText('UNKNOWN_USER').waitFor()
  expect(requests.filter((path) => path !== '/docs' && path !== '/favicon.ico')).toEqual([])
  expect(complaints).toEqual([])
})

test('every link of the page leads to a place on it, or to the OpenAPI document', async () => {
  const { page } = await openDocs({ width: 1200, colorScheme: 'light' })
  const links = await page
    .locator('a')
    .evaluateAll((all) => all.map((link) => link.getAttribute('href') ?? ''))
  const ids = await page.locator('[id]').evaluateAll((all) => all.map(({ id }) => `#${id}`))
  expect([...new Set(links)].filter((link) => !ids.includes(link))).toEqual(['/openapi.json'])
})

test('the page is dark by night and never wider than a phone', async () => {
  const day = await openDocs({ width: 1200, colorScheme: 'light' })
  const night = await openDocs({ width: 360, colorScheme: 'dark' })
  expect(await background(day.page)).toBe('rgb(255, 255, 255)')
  expect(await background(night.page)).not.toBe('rgb(255, 255, 255)')
  const width = await night.page.locator('html').evaluate((html) => html.scrollWidth)
  expect(width).toBeLessThanOrEqual(360)
})
