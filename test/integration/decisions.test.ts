// One call of a reward service: each receipt has the decisions that its own action caused, whatever
// else is in the request, in the log record, and on the other thread; and streams have each
// decision once, also over kill -9.
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { definitionFile } from '../support/definition-file.ts'
import { EngineProcess } from '../support/engine.ts'
import { Listener } from '../support/listener.ts'
import { type Expected, NaiveUser, REWARDS_DEFINITION, type RewardAction } from '../support/naive-rewards.ts'
import { type Random, seededRandom, testSeed } from '../support/random.ts'

const DAY_MS = 86_400_000
const FIRST_AT = Date.parse('2024-01-15T12:00:00Z')
const LANES = 4
const USERS_PER_LANE = 12
const BATCHES = 40

interface Decision {
  id: string
  userId: string
  rule: string
  at: string
  actionId?: string
  badge?: string
  payload?: unknown
}

interface Receipt {
  id: string
  status: Expected['status']
  shard?: number
  features?: { purchases: number }
  stage?: { name: string }
  decisions?: Decision[]
}

/** Requests of random actions of a lane's own users, each applied to the model as it is made. */
class Lane {
  readonly users = new Map<string, NaiveUser>()
  readonly #lane: number
  readonly #random: Random
  readonly #sent: RewardAction[] = []
  readonly #clocks = new Map<string, number>()

  constructor(lane: number, seed: number) {
    this.#lane = lane
    this.#random = seededRandom(seed * LANES + lane)
    for (let user = 0; user < USERS_PER_LANE; user++) this.users.set(`u-${lane}-${user}`, new NaiveUser())
  }

  batch(): { actions: RewardAction[]; expected: Expected[] } {
    const actions = Array.from({ length: 1 + this.#random.below(30) }, () => this.#action())
    return { actions, expected: actions.map((action) => this.users.get(action.userId)!.apply(action)) }
  }

  #action(): RewardAction {
    const { below } = this.#random
    // Sent once more, in the same request or a later one.
    if (this.#sent.length > 0 && below(8) === 0) return this.#sent[below(this.#sent.length)]!
    const userId = `u-${this.#lane}-${below(USERS_PER_LANE)}`
    const clock = (this.#clocks.get(userId) ?? FIRST_AT) + (below(12) === 0 ? 70 : 1) * below(DAY_MS)
    this.#clocks.set(userId, clock)
    const lateDays = [0, 0, 0, 0, 0, 3, 90, 500][below(8)]!
    const action: RewardAction = {
      id: `a-${this.#lane}-${this.#sent.length}`,
      userId,
      action: below(5) === 0 ? 'view' : 'purchase',
      occurredAt: clock - lateDays * DAY_MS,
      properties: { amount: below(100) },
    }
    this.#sent.push(action)
    return action
  }
}

/** Also where every action was rejected: the receipts say so. */
async function post(engine: EngineProcess, actions: readonly RewardAction[]): Promise<Receipt[]> {
  const response = await fetch(`${engine.url}/v1/actions?wait=applied&return=features,stage,decisions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(actions),
  })
  const { receipts } = (await response.json()) as { receipts?: Receipt[] }
  if (!receipts) throw new Error(`the answer was ${response.status}`)
  return receipts
}

/** Compares the receipts with the model, and gives all decisions on them. */
function expectReceipts(
  receipts: Receipt[],
  lane: Lane,
  actions: RewardAction[],
  expected: Expected[],
): Decision[] {
  const decisions = receipts.flatMap((receipt) => receipt.decisions ?? [])
  const got = receipts.map(({ id, status, decisions, features, stage }) => ({
    id,
    status,
    decisions: decisions?.map(({ rule, at }) => `${rule} ${at}`),
    causes: decisions?.map(({ userId, actionId }) => `${userId} ${actionId}`),
    purchases: features?.purchases,
    stage: stage?.name,
  }))
  const wanted = actions.map(({ id, userId }, index) => {
    const { status, decisions } = expected[index]!
    if (status !== 'accepted') return { id, status }
    const user = lane.users.get(userId)!
    return {
      id,
      status,
      decisions,
      causes: decisions.map(() => `${userId} ${id}`),
      purchases: user.purchases,
      stage: user.stageAt(Date.now()),
    }
  })
  expect(got).toEqual(wanted)
  return decisions
}

async function start(): Promise<EngineProcess> {
  return EngineProcess.startForTest(definitionFile(REWARDS_DEFINITION), { PULSEPRINT_THREADS: '2' })
}

/**
 * Everything that is on the two streams of decisions, once all that the model knows of has come.
 */
async function published(engine: EngineProcess, lanes: readonly Lane[]): Promise<Decision[]> {
  const rewards = await Listener.open<Decision>(engine.url, '/v1/streams/rewards?after=0')
  const messages = await Listener.open<Decision>(engine.url, '/v1/streams/messages?after=0')
  const users = lanes.flatMap((lane) => [...lane.users])
  const isMessage = (decision: string) => /^(asleep|back|seen) /.test(decision)
  const all = users.flatMap(([, { decisions }]) => decisions)
  const messagesCount = all.filter(isMessage).length
  await Promise.all([rewards.has(all.length - messagesCount), messages.has(messagesCount)])
  const heard = [...rewards.entries, ...messages.entries]
  expect(new Set(heard.map(({ id }) => id)).size).toBe(heard.length)
  for (const [userId, { decisions }] of users) {
    for (const [{ entries }, isOfThis] of [
      [rewards, (decision: string) => !isMessage(decision)],
      [messages, isMessage],
    ] as const) {
      const own = entries.filter((entry) => entry.userId === userId)
      expect(own.map(({ rule, at }) => `${rule} ${at}`)).toEqual(decisions.filter(isOfThis))
    }
  }
  return heard
}

test('each receipt has the decisions that its own action caused, and the streams have them and those of time, once', async () => {
  const seed = testSeed('test/integration/decisions.test.ts')
  const engine = await start()
  const lanes = Array.from({ length: LANES }, (_, lane) => new Lane(lane, seed))
  const onReceipts: Decision[] = []
  const shards = new Set<number>()
  await Promise.all(
    lanes.map(async (lane) => {
      for (let round = 0; round < BATCHES; round++) {
        const { actions, expected } = lane.batch()
        const receipts = await post(engine, actions)
        onReceipts.push(...expectReceipts(receipts, lane, actions, expected))
        for (const { shard } of receipts) if (shard !== undefined) shards.add(shard % 2)
      }
    }),
  )
  expect(shards.size).toBe(2)
  const heard = await published(engine, lanes)
  const caused = heard.filter(({ actionId }) => actionId !== undefined)
  expect(heard.length).toBeGreaterThan(caused.length)
  const byId = (a: Decision, b: Decision) => (a.id < b.id ? -1 : 1)
  expect(onReceipts.sort(byId)).toEqual(caused.map(withoutPlace).sort(byId))
  console.log(`${onReceipts.length} decisions on receipts, ${heard.length - caused.length} more by time`)
})

/** What stands on streams only. */
function withoutPlace(entry: Decision & { shard?: number; sequence?: number }): Decision {
  const { shard: _shard, sequence: _sequence, ...decision } = entry
  return decision
}

test('what was acknowledged before a kill -9 is a duplicate after it, and decides nothing twice', async () => {
  const lane = new Lane(0, testSeed('test/integration/decisions.test.ts'))
  const engine = await start()
  for (let round = 0; round < 2; round++) {
    const { actions, expected } = lane.batch()
    expectReceipts(await post(engine, actions), lane, actions, expected)
    await engine.kill()
    engine.restart()
    await engine.ready()
    const again = await post(engine, actions)
    // What is too late is so again; nothing remembers its id.
    for (const [index, { status, decisions }] of again.entries()) {
      expect([status, decisions]).toEqual([
        expected[index]!.status === 'rejected' ? 'rejected' : 'duplicate',
        undefined,
      ])
    }
  }
  await published(engine, [lane])
})

test('what was not acknowledged before a kill -9 is sent again, and each of its decisions comes once', async () => {
  const seed = testSeed('test/integration/decisions.test.ts')
  const random = seededRandom(seed)
  const lane = new Lane(0, seed)
  const engine = await start()
  let unanswered = 0
  let durable = 0
  for (let round = 0; round < 5; round++) {
    const { actions, expected } = lane.batch()
    const answer = post(engine, actions).then(
      () => true,
      () => false,
    )
    // Not a wait for anything: it moves the kill to any point of the request's way.
    await pause(random.below(25))
    await engine.kill()
    if (!(await answer)) unanswered++
    engine.restart()
    await engine.ready()
    const again = await post(engine, actions)
    for (const [index, { status, decisions }] of again.entries()) {
      if (status === 'duplicate') expect(decisions).toBeUndefined()
      else
        expect([status, (decisions ?? []).length]).toEqual([
          expected[index]!.status,
          expected[index]!.decisions.length,
        ])
    }
    if (again.some(({ status }) => status === 'duplicate')) durable++
  }
  await published(engine, [lane])
  console.log(`5 requests, ${unanswered} of them not answered; of ${durable} something was there already`)
})
