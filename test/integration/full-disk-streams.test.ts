// A full disk under an engine that reacts: decisions, and the changes that only time makes, are
// neither lost nor announced twice once there is room.
import { expect, test } from 'vitest'
import { definitionFile } from '../support/definition-file.ts'
import { temporaryFolder } from '../support/folders.ts'
import { LimitedEngine } from '../support/limited-engine.ts'
import { Listener } from '../support/listener.ts'
import { until } from '../support/until.ts'

const FILE_BYTES_MAX = 3 * 1024 * 1024
const BATCH_ACTIONS = 200
const USERS = 40
const SILENCE_MS = 3_000

/** What each decision carries fills the streams before the log is full. */
const DEFINITION = `
version: 1
timezone: Europe/London
features: {}
lifecycle:
  initial: awake
  transitions:
    - { from: awake, to: drowsy, after: 3s }
rules:
  each:
    on: purchase
    emit: { stream: rewards, payload: { n: properties.n, pads: [properties.pad, properties.pad, properties.pad] } }
`

interface StageEntry {
  id: string
  userId: string
  to: string
  at: string
}
interface RewardEntry {
  id: string
  payload: { n: number }
}

class Client {
  readonly #url: string
  /** Actions acknowledged. */
  taken = 0
  /** When each user acted last, epoch ms. */
  lastAt = 0

  constructor(url: string) {
    this.#url = url
  }

  /**
   * Every user acts five times. False where the request was refused, and nothing of it was taken.
   */
  async post(): Promise<boolean> {
    const now = Date.now()
    const actions = Array.from({ length: BATCH_ACTIONS }, (_, index) => ({
      id: `a-${this.taken + index}`,
      userId: `u-${index % USERS}`,
      action: 'purchase',
      occurredAt: now,
      properties: { n: this.taken + index, pad: 'x'.repeat(400) },
    }))
    const response = await fetch(`${this.#url}/v1/actions`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(actions),
    })
    await response.body?.cancel()
    expect([200, 503]).toContain(response.status)
    if (response.status === 503) return false
    this.taken += BATCH_ACTIONS
    this.lastAt = now
    return true
  }

  async postUntil(full: () => boolean): Promise<void> {
    for (let request = 0; !full(); request++) {
      await this.post()
      if (request > 200) throw new Error('the disk never became full')
    }
  }

  silenceIsOver(): Promise<boolean> {
    return until(
      () => Date.now() > this.lastAt + SILENCE_MS,
      () => 'the clock stands still',
    )
  }

  /**
   * Each decision and each silence once, on streams read from their beginnings. Gives what `stages`
   * and `rewards` have.
   */
  async expectAllOnce(url: string): Promise<string[][]> {
    const stages = await Listener.open<StageEntry>(url, '/v1/streams/stages?after=0')
    const rewards = await Listener.open<RewardEntry>(url, '/v1/streams/rewards?after=0')
    await Promise.all([stages.has(USERS), rewards.has(this.taken)])
    const at = new Date(this.lastAt + SILENCE_MS).toISOString()
    expect(stages.entries.map((entry) => `${entry.userId} ${entry.to} ${entry.at}`).sort()).toEqual(
      Array.from({ length: USERS }, (_, user) => `u-${user} drowsy ${at}`).sort(),
    )
    expect(rewards.entries.map(({ payload }) => payload.n).sort((a, b) => a - b)).toEqual(
      Array.from({ length: this.taken }, (_, n) => n),
    )
    return [placesOf(stages), placesOf(rewards)]
  }
}

function placesOf({ heard }: Listener<{ id: string }>): string[] {
  return heard.map(({ place, data }) => `${place} ${data.id}`)
}

async function start() {
  const env = { PULSEPRINT_DATA: temporaryFolder(), PULSEPRINT_DEFINITION: definitionFile(DEFINITION) }
  const engine = await (await LimitedEngine.spawn(env, FILE_BYTES_MAX)).ready()
  const stages = await Listener.open<StageEntry>(engine.url, '/v1/streams/stages?after=0')
  const rewards = await Listener.open<RewardEntry>(engine.url, '/v1/streams/rewards?after=0')
  const logged = (message: string) =>
    until(
      () => engine.output.includes(message),
      () => `the engine never said "${message}":\n${engine.output}`,
    )
  return {
    env,
    engine,
    client: new Client(engine.url),
    heard: () => [placesOf(stages), placesOf(rewards)],
    logged,
  }
}

test('no room on the streams: what was decided, and what time changed, comes once there is', async () => {
  const { engine, client, heard, logged } = await start()
  await client.postUntil(() => engine.output.includes('streams could not be written yet'))
  await logged('streams could not be written yet')
  await client.silenceIsOver()
  expect(heard()[1]!.length).toBeLessThan(client.taken)
  engine.liftLimit()
  const all = await client.expectAllOnce(engine.url)
  await expect.poll(heard, { timeout: 60_000 }).toEqual(all)
})

test('no room on the streams until the engine is stopped: it ends, and the next start publishes what is missing', async () => {
  const { env, engine, client, heard, logged } = await start()
  await client.postUntil(() => engine.output.includes('streams could not be written yet'))
  await logged('streams could not be written yet')
  const [, before] = heard()
  expect((await engine.stop()).code).toBe(0)
  await client.silenceIsOver()
  const again = await (await LimitedEngine.spawn(env)).ready()
  const [, all] = await client.expectAllOnce(again.url)
  expect(all!.slice(0, before!.length)).toEqual(before)
})

test('no room on the streams until the engine is killed: the next start publishes what is missing', async () => {
  const { env, engine, client, heard, logged } = await start()
  await client.postUntil(() => engine.output.includes('streams could not be written yet'))
  await logged('streams could not be written yet')
  const [, before] = heard()
  expect(before!.length).toBeLessThan(client.taken)
  await engine.kill()
  await client.silenceIsOver()
  const again = await (await LimitedEngine.spawn(env)).ready()
  const [, all] = await client.expectAllOnce(again.url)
  expect(all!.slice(0, before!.length)).toEqual(before)
})
