// The engine of a story: users of a random law act, time passes, and the engine stops, crashes and
// comes back. A model that reads its log by brute force says what must have become of each user.

import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect } from 'vitest'
import { PulseprintError } from '../../src/errors.ts'
import { decodeActions, decodeHeader, decodeTick } from '../../src/ingest/records.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import { Fold } from '../../src/profile/fold.ts'
import { SHARD_STATUS } from '../../src/questions/shard-status.ts'
import { SimulatedClock } from '../../src/runtime/clock.ts'
import type { StreamStore } from '../../src/streams/stream-store.ts'
import { temporaryFolder } from '../support/folders.ts'
import { openLocalEngine, SHARDS, type TestEngine } from '../support/local-engine.ts'
import { until } from '../support/until.ts'
import { ACTIONS, type Law } from './life-plans.ts'
import { LifeUser } from './life-user.ts'
import { SECOND_MS } from './naive-life.ts'

const START = Date.parse('2026-11-20T23:45:00.000Z')
const HOUR = 3_600
/** All users stay hot, or one in each shard. */
export const HOT_USERS_MAX = [1_000, SHARDS]

const action = fc.record({
  user: fc.integer({ min: 0, max: 5 }),
  id: fc.option(fc.integer({ min: 0, max: 9 })),
  name: fc.constantFrom(...ACTIONS),
  secondsAgo: fc.oneof(
    { weight: 3, arbitrary: fc.constant(0) },
    fc.integer({ min: 0, max: 300 }),
    fc.integer({ min: 0, max: 2 * HOUR }),
  ),
  x: fc.constantFrom(-1, 0, 1, 2, 3, 'a'),
})
export const step = fc.oneof(
  { weight: 8, arbitrary: fc.array(action, { minLength: 1, maxLength: 6 }) },
  { weight: 8, arbitrary: fc.record({ seconds: fc.integer({ min: 1, max: 200 }) }) },
  { weight: 3, arbitrary: fc.constantFrom('settle', 'stop', 'crash', 'tear', 'mute') },
)
export type Step = typeof step extends fc.Arbitrary<infer T> ? T : never
type Sent = typeof action extends fc.Arbitrary<infer T> ? T : never

const fenced = () => new PulseprintError('FENCED', 'crashed')

/** The engine of one story, and what the log says of its users. */
export class Story {
  readonly law: Law
  readonly clock = new SimulatedClock(START)
  readonly folder = temporaryFolder()
  readonly users = new Map<string, LifeUser>()
  engine!: TestEngine
  #log!: ActionLog
  #streams!: StreamStore
  readonly #fold: Fold
  readonly #hotUsersMax: number
  readonly #readTo = Array.from({ length: SHARDS }, () => 0)
  #refusing: 'nothing' | 'offsets' | 'streams' | 'everything' = 'nothing'

  constructor(law: Law, hotUsersMax: number) {
    this.law = law
    this.#fold = new Fold(law.definition)
    this.#hotUsersMax = hotUsersMax
  }

  async start(): Promise<void> {
    this.#refusing = 'nothing'
    this.engine = await openLocalEngine({
      folder: this.folder,
      definition: this.law.definition,
      clock: this.clock,
      hotUsersMax: this.#hotUsersMax,
      log: (real) => {
        this.#log = real
        return {}
      },
      snapshots: (real) => ({
        commit: async (shard, commit) => {
          const refused =
            this.#refusing === 'everything' || (this.#refusing === 'offsets' && commit.offset !== undefined)
          if (refused) throw fenced()
          return real.commit(shard, commit)
        },
      }),
      streams: (real) => {
        this.#streams = real
        return {
          publish: async (publications) => {
            if (this.#refusing === 'everything' || this.#refusing === 'streams') throw fenced()
            return real.publish(publications)
          },
        }
      },
    })
  }

  async take(step: Step): Promise<void> {
    if (Array.isArray(step)) await this.send(step)
    else if (typeof step === 'object') await this.pass(step.seconds)
    else if (step === 'settle') await this.settle()
    else {
      // After `crash` nothing is saved or published any more; after the others, one of it is not.
      if (step === 'crash') this.#refusing = 'everything'
      if (step === 'tear') this.#refusing = 'offsets'
      if (step === 'mute') this.#refusing = 'streams'
      await this.stop()
      await this.start()
    }
  }

  /** Lets time pass where the engine waits for it before it gives up. */
  async stop(): Promise<void> {
    let stopped = false
    const stopping = this.engine.stop().then(() => {
      stopped = true
    })
    await until(
      () => {
        if (!stopped) this.clock.advance(SECOND_MS)
        return stopped
      },
      () => `the engine does not stop: ${JSON.stringify(this.engine.logged)}`,
      10_000,
    )
    await stopping
  }

  async send(actions: readonly Sent[]): Promise<void> {
    const items = actions.map(({ user, id, name, secondsAgo, x }) => ({
      userId: `u${user}`,
      ...(id !== null && { id: `i${id}` }),
      action: name,
      occurredAt: this.clock.now() - secondsAgo * SECOND_MS,
      properties: { x },
    }))
    await this.engine.send(items, 'durable')
  }

  /** In steps, between which the engine comes to do this and that. */
  async pass(seconds: number): Promise<void> {
    for (let left = seconds; left > 0; left -= 10) {
      this.clock.advance(Math.min(left, 10) * SECOND_MS)
      await nextTurn()
    }
  }

  /** Waits until all that is due by now has come about. */
  async settle(): Promise<void> {
    await until(
      async () => {
        this.clock.advance(0)
        const status = await this.engine.engine.ask(SHARD_STATUS, {})
        if (status.some(({ lag }) => lag !== 0)) return false
        await this.#readLog()
        for (const [shard, sequence] of this.#readTo.entries()) {
          if ((await this.#streams.published(shard)) < sequence) return false
        }
        return [...this.users.values()].every((user) => user.standing.wakeAt > this.clock.now())
      },
      () => `time stands still: ${JSON.stringify(this.engine.logged)}`,
      5_000,
    )
  }

  /** Nobody waits for history any more. */
  async settleAll(): Promise<void> {
    await this.settle()
    this.clock.advance(this.law.plan.historyWaitMs)
    await this.settle()
  }

  /** What the log has besides what was read before, by brute force. */
  async #readLog(): Promise<void> {
    const log = this.#log
    for (let shard = 0; shard < SHARDS; shard++) {
      const head = await log.head(shard)
      for (let sequence = this.#readTo[shard]! + 1; sequence <= head; sequence++) {
        const record = await log.get(shard, sequence)
        if (record) this.#applyRecord(shard, sequence, record.payload)
      }
      this.#readTo[shard] = head
    }
  }

  #applyRecord(shard: number, sequence: number, payload: Buffer): void {
    const { kind, receivedAt } = decodeHeader(payload)
    expect(receivedAt).toBeLessThanOrEqual(this.clock.now())
    if (kind === 'tick') {
      for (const [position, name] of decodeTick(payload).entries()) {
        this.#user(name).tick(receivedAt, { shard, sequence, position })
      }
      return
    }
    for (const [position, each] of decodeActions(payload).entries()) {
      this.#user(each.user).apply(each, { shard, sequence, position }, receivedAt)
    }
  }

  #user(name: string): LifeUser {
    const user = this.users.get(name) ?? new LifeUser(this.law, this.#fold, name)
    this.users.set(name, user)
    return user
  }

  /** Entries of all streams, by user, in order. */
  async published(): Promise<Map<string, object[]>> {
    const entries = new Map<string, object[]>()
    for (const stream of ['stages', 'rewards', 'messages']) {
      for (const item of await this.#streams.read(stream, 0, 100_000)) {
        for (const { userId, data } of item.entries) {
          const key = `${stream} ${userId}`
          entries.set(key, [...(entries.get(key) ?? []), JSON.parse(data)])
        }
      }
    }
    return entries
  }

  expected(): Map<string, object[]> {
    const entries = new Map<string, object[]>()
    for (const user of this.users.values()) {
      for (const effect of user.effects) {
        if (effect.kind !== 'stage' && effect.kind !== 'decision') continue
        const stream = effect.kind === 'stage' ? 'stages' : effect.stream
        if (stream === undefined) continue
        const { id, user: userId, actionId } = effect
        const [shard, sequence] = id.split('.').map(Number)
        const what =
          effect.kind === 'stage'
            ? { from: effect.from, to: effect.to }
            : { rule: effect.rule, payload: effect.payload, badge: effect.badge }
        const entry = {
          id,
          userId,
          at: new Date(effect.at).toISOString(),
          actionId,
          ...what,
          shard,
          sequence,
        }
        const key = `${stream} ${userId}`
        entries.set(key, [...(entries.get(key) ?? []), JSON.parse(JSON.stringify(entry))])
      }
    }
    return entries
  }
}
