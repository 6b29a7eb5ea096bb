// The documents are run as they stand: each command in its order, its output against what the
// document shows.
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { Analytics } from '@segment/analytics-node'
import { EventSource } from 'eventsource'
import { describe, expect, onTestFinished, test } from 'vitest'
import { readSettings } from '../../src/app/settings/settings.ts'
import { startServer } from '../../src/app/start-server.ts'
import { blocksOf } from '../support/documents.ts'
import { temporaryFolder } from '../support/folders.ts'
import { until } from '../support/until.ts'
import { Walkthrough } from '../support/walkthrough.ts'

async function startEngine(): Promise<string> {
  const settings = readSettings({ PULSEPRINT_DATA: join(temporaryFolder(), 'data'), PULSEPRINT_PORT: '0' })
  const server = await startServer(settings)
  onTestFinished(() => server.stop())
  return server.url
}

test.each(['docs/http.md', 'docs/importing.md', 'docs/reward-service.md', 'docs/streams.md'])(
  '%s does what it says on a running engine, command by command',
  async (document) => {
    const reader = await Walkthrough.begin()
    reader.use(await startEngine())
    await reader.read(document)
  },
)

test.each(['README.md', 'docs/definition.md', 'docs/testing.md', 'examples/learning/README.md'])(
  '%s does what it says, from nothing on',
  async (document) => {
    const reader = await Walkthrough.begin()
    await reader.read(document)
  },
)

/**
 * As the shop writes them: customer 12359 spends enough in a day, goes and comes back; 17841 has
 * ten invoices.
 */
const RETAIL_ROWS = [
  '1,A,1,2011-01-12 12:43:00,10.00,12359.0',
  '2,A,1,2011-02-07 14:51:00,1010.81,12359.0',
  '3,A,1,2011-06-03 12:26:00,10.00,12359.0',
  ...Array.from({ length: 9 }, (_, day) => `${10 + day},A,1,2011-01-0${day + 1} 10:00:00,349.10,17841.0`),
  '19,A,1,2011-01-16 13:51:00,349.14,17841.0',
  '20,A,1,2011-01-16 13:52:00,1.00,',
]

const RETAIL = 'examples/online-retail/README.md'

test(`${RETAIL} does what it says, with a few lines of its data`, async () => {
  const reader = await Walkthrough.begin()
  const head = 'InvoiceNo,StockCode,Quantity,InvoiceDate,UnitPrice,CustomerID,Description,Country'
  const csv = [head, ...RETAIL_ROWS.map((row) => `${row},a lantern,United Kingdom`)].join('\n')
  writeFileSync(join(reader.folder, 'online-retail.csv.gz'), gzipSync(csv))
  await reader.read(RETAIL)
  const shown = blocksOf(RETAIL).find(({ text }) => text.includes('→'))!.text
  const [stages] = reader.watched
  await until(
    () => shown.split('\n').every((line) => stages!().includes(line)),
    () => stages!(),
  )
})

describe('the TypeScript of the documents', () => {
  const scriptOf = (document: string) => blocksOf(document).find(({ language }) => language === 'ts')!.text
  const send = (url: string, body: object) =>
    fetch(`${url}/v1/actions`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(body),
    })

  test('hands each decision to the one who pays', async () => {
    const url = await startEngine()
    const paid: unknown[] = []
    const sources: EventSource[] = []
    class Source extends EventSource {
      constructor(address: string) {
        super(address)
        sources.push(this)
      }
    }
    const script = scriptOf('docs/reward-service.md').replace('http://127.0.0.1:8080', url)
    new Function('EventSource', 'pay', script)(Source, (decision: unknown) => paid.push(decision))
    onTestFinished(() => sources[0]?.close())
    await until(
      () => sources[0]?.readyState === EventSource.OPEN,
      () => 'the stream does not open',
    )
    await send(url, { userId: 'u-42', action: 'purchase' })
    await until(
      () => paid.length > 0,
      () => 'nothing is paid',
    )
    expect(paid).toMatchObject([{ userId: 'u-42', rule: 'first_purchase' }])
  })

  test("sends by Segment's library", async () => {
    const url = await startEngine()
    const clients: Analytics[] = []
    class Client extends Analytics {
      constructor(settings: ConstructorParameters<typeof Analytics>[0]) {
        super(settings)
        clients.push(this)
      }
    }
    new Function('Analytics', scriptOf('docs/http.md').replace('http://127.0.0.1:8080', url))(Client)
    await clients[0]!.closeAndFlush()
    const profile = await until(
      async () => {
        const answer = await fetch(`${url}/v1/profiles/u-17`)
        return answer.ok ? answer.json() : undefined
      },
      () => 'the event has made no profile',
    )
    expect(profile).toMatchObject({ features: { purchases: 1, spend: 12.5 } })
  })
})
