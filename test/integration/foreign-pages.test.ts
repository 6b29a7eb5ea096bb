// An engine without keys, and web pages in a real browser that try to use it: one of a foreign
// origin, one of an allowed origin with Segment's own library, and one whose name is bent to this
// machine.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { dirname, join } from 'node:path'
import { type Browser, chromium, type Page } from 'playwright-core'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { ensureServer } from '../../deploy/servers.ts'
import { readSettings } from '../../src/app/settings/settings.ts'
import { startServer } from '../../src/app/start-server.ts'
import { temporaryFolder } from '../support/folders.ts'

/** The folder of Segment's browser library, as a web site would serve it. */
const SEGMENT = join(
  dirname(createRequire(import.meta.url).resolve('@segment/analytics-next/package.json')),
  'dist/umd',
)

let browser: Browser
beforeAll(async () => {
  const rules = '--host-resolver-rules=MAP rebound.example 127.0.0.1'
  browser = await chromium.launch({
    executablePath: await ensureServer('chromium'),
    args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-background-networking', rules],
  })
})
afterAll(() => browser.close())

/** A web server of somebody else on this machine, with Segment's library. Gives its origin. */
async function startSite(): Promise<string> {
  const site = createServer((request, response) => {
    const script = /^\/([\w.-]+\.js)$/.exec(request.url ?? '')?.[1]
    response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
    response.end(
      script
        ? readFileSync(join(SEGMENT, script))
        : '<!doctype html><title>a page</title><script src="/index.js"></script>',
    )
  })
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => void site.close())
  return `http://127.0.0.1:${(site.address() as AddressInfo).port}`
}

async function startEngine(origins = ''): Promise<string> {
  const folder = join(temporaryFolder(), 'data')
  const env = {
    PULSEPRINT_DATA: folder,
    PULSEPRINT_PORT: '0',
    PULSEPRINT_ORIGINS: origins,
    PULSEPRINT_THREADS: '2',
  }
  const server = await startServer(readSettings(env))
  onTestFinished(() => server.stop())
  return server.url
}

async function pageOf(origin: string): Promise<Page> {
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  await page.goto(origin)
  return page
}

/** What a page gets by the address: the status and the text, or why it gets nothing. */
function fetchIn(page: Page, url: string, init: object = {}): Promise<string> {
  return page.evaluate<string>(
    `fetch(${JSON.stringify(url)}, ${JSON.stringify(init)}).then(
      async (response) => response.status + ' ' + (await response.text()),
      (error) => 'refused: ' + error.name)`,
  )
}

const batch = (userId: string) =>
  JSON.stringify({ batch: [{ type: 'track', userId, event: 'planted', messageId: '1' }] })

test('a page of another origin can neither read nor write', async () => {
  const engine = await startEngine()
  const page = await pageOf(await startSite())
  expect(await fetchIn(page, `${engine}/v1/shards`)).toBe('refused: TypeError')
  // What needs nobody's permission: a plain text to an address.
  const planted = { method: 'POST', mode: 'no-cors', body: batch('victim') } as const
  await fetchIn(page, `${engine}/v1/batch`, planted)
  await page.evaluate(`navigator.sendBeacon('${engine}/v1/batch', '${batch('victim')}')`)
  // A form, which leaves the page.
  await page.evaluate(`
    document.body.innerHTML = '<form method="post" enctype="text/plain"><input></form>'
    const form = document.querySelector('form')
    form.action = '${engine}/v1/actions'
    form.querySelector('input').name = '{"userId":"victim","action":"x","channel":"'
    form.querySelector('input').value = '"}'
    form.submit()`)
  await page.waitForURL(`${engine}/**`)
  expect(await page.textContent('body')).toContain('FOREIGN_ORIGIN')
  expect((await fetch(`${engine}/v1/profiles/victim`)).status).toBe(404)
  // The same bytes, of no page, would have counted.
  await fetch(`${engine}/v1/batch`, { method: 'POST', body: batch('victim') })
  await expect.poll(async () => (await fetch(`${engine}/v1/profiles/victim`)).status).toBe(200)
})

test('a page whose name is bent to this machine reads nothing', async () => {
  const engine = await startEngine()
  const { port } = new URL(engine)
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  const answer = await page.goto(`http://rebound.example:${port}/v1/shards`)
  expect(answer?.status()).toBe(421)
  expect(await fetchIn(page, '/v1/shards')).toContain('FOREIGN_HOST')
})

test("a page of an allowed origin sends with Segment's browser library, reads, and follows a stream", async () => {
  const site = await startSite()
  const engine = await startEngine(site)
  const page = await pageOf(site)
  await page.evaluate(`(async () => {
    const integration = { apiKey: 'any', apiHost: '${new URL(engine).host}/v1', protocol: 'http' }
    const integrations = { 'Segment.io': integration }
    const settings = { writeKey: 'any', cdnSettings: { integrations } }
    const analytics = window.AnalyticsNext.AnalyticsBrowser.load(settings, { integrations })
    await analytics.identify('visitor')
    await analytics.track('purchase', { price: 12.5 })
  })()`)
  await expect
    .poll(async () => JSON.parse((await fetchIn(page, `${engine}/v1/profiles/visitor`)).slice(4)))
    .toMatchObject({ features: { purchases: 1, spend: 12.5 } })
  const decision = page.evaluate<string>(`new Promise((resolve) => {
    new EventSource('${engine}/v1/streams/rewards?after=0').onmessage = ({ data }) => resolve(data)
  })`)
  expect(JSON.parse(await decision)).toMatchObject({ userId: 'visitor', rule: 'first_purchase' })
})

test("the engine's own page is served with the usual headers", async () => {
  const engine = await startEngine()
  const page = await browser.newPage()
  onTestFinished(() => page.close())
  const headers = (await page.goto(`${engine}/docs`))!.headers()
  expect(headers).toMatchObject({
    'content-security-policy': expect.stringContaining("default-src 'none'"),
    'x-content-type-options': 'nosniff',
    'x-frame-options': 'DENY',
    'referrer-policy': 'no-referrer',
    'cross-origin-opener-policy': 'same-origin',
  })
  expect(await fetchIn(page, '/v1/shards')).toContain('refused')
})
