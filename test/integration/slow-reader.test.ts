// Subscribers of a real engine that stop reading: they cost it no memory and the others no time,
// are told that they were cut, and resume without loss.
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { createParser, type EventSourceMessage } from 'eventsource-parser'
import { expect, onTestFinished, test } from 'vitest'
import { LIMITS } from '../../src/limits.ts'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { Listener } from '../support/listener.ts'
import { type Purchase, Purchases } from '../support/purchases.ts'
import { until } from '../support/until.ts'

const SLOW_READERS = 20
const ACTIONS_BEFORE = 20_000
const ACTIONS_MEANWHILE = 2_000
const ACTIONS = ACTIONS_BEFORE + ACTIONS_MEANWHILE
const PAD_LENGTH = 2_000
/** Kept for all of them, what they do not read would take `SLOW_READERS` times 45 MB. */
const GROWTH_MAX_MIB = 300

test('who stops reading takes no memory, delays nobody, is told when it reads again, and resumes without loss', async () => {
  const engine = await EngineProcess.startForTest(definitionFile('version: 1\nfeatures: {}\n'))
  const fast = await Listener.open<Purchase>(engine.url, '/v1/streams/actions?after=0')
  const purchases = new Purchases(engine, 200, PAD_LENGTH)
  await purchases.post(10_000, () => purchases.acknowledged.length < ACTIONS_BEFORE)
  await fast.has(ACTIONS_BEFORE)
  // So much it takes without them.
  const before = engine.peakMemoryMiB!
  const url = `${engine.url}/v1/streams/actions?after=0`
  const slow = await Promise.all(Array.from({ length: SLOW_READERS }, () => silentReader(url)))
  await purchases.post(10_000, () => purchases.acknowledged.length < ACTIONS)
  const acknowledgedAt = performance.now()
  await fast.has(ACTIONS)
  const stalledAt = performance.now()
  expect(numbers(fast.entries)).toEqual(numbers(purchases.acknowledged))

  // Nothing tells from outside that the engine has waited long enough.
  await until(
    () => performance.now() > stalledAt + LIMITS.streamStallMs + 1_000,
    () => 'the clock stands still',
  )
  const growth = engine.peakMemoryMiB! - before
  console.log(
    `${SLOW_READERS} slow readers took ${growth} MiB at most; the reading client had all ${Math.round(stalledAt - acknowledgedAt)} ms after the last receipt`,
  )
  expect(growth).toBeLessThan(GROWTH_MAX_MIB)
  const received = await Promise.all(slow.map(readToEnd))
  const all = fast.entries.map(({ id }) => id)
  for (const events of received) {
    const { event, id, data } = events.at(-1)!
    expect([event, JSON.parse(data)]).toEqual([
      'cut',
      expect.objectContaining({ code: 'SLOW_READER', cursor: id }),
    ])
    expect(idsOf(events)).toEqual(all.slice(0, events.length - 1))
  }
  const [events] = received
  const rest = await Listener.open<Purchase>(engine.url, `/v1/streams/actions?after=${events!.at(-1)!.id}`)
  await rest.has(ACTIONS - events!.length + 1)
  expect([...idsOf(events!), ...rest.entries.map(({ id }) => id)]).toEqual(all)
})

/** A subscriber that takes the head of the answer and then nothing. */
async function silentReader(url: string): Promise<IncomingMessage> {
  const request = get(url, { agent: false })
  onTestFinished(() => {
    request.destroy()
  })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  expect(response.statusCode).toBe(200)
  return response
}

async function readToEnd(response: IncomingMessage): Promise<EventSourceMessage[]> {
  const events: EventSourceMessage[] = []
  const parser = createParser({ onEvent: (event) => events.push(event) })
  response.setEncoding('utf8').on('data', (text: string) => parser.feed(text))
  await once(response, 'end')
  return events
}

/** Of all but the last event, which says that the reader was cut. */
function idsOf(events: readonly EventSourceMessage[]): string[] {
  return events.slice(0, -1).map(({ data }) => (JSON.parse(data) as Purchase).id)
}

function numbers(actions: readonly Purchase[]): number[] {
  return actions.map(({ properties }) => properties.n).sort((a, b) => a - b)
}
