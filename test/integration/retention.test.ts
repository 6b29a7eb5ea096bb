// An engine that keeps its log for two hours: what goes on as before when older records have gone,
// and what says that it cannot.

import { expect, onTestFinished, test } from 'vitest'
import type { LocalEngine } from '../../actors/engine/local-engine.ts'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Definition } from '../../src/definition/definition.ts'
import { buildBatch } from '../../src/ingest/build-batch.ts'
import { EXPLAIN } from '../../src/questions/explain.ts'
import { PROFILE } from '../../src/questions/profile.ts'
import { START_REBUILD } from '../../src/questions/rebuild.ts'
import { SHARD_STATUS } from '../../src/questions/shard-status.ts'
import { TIMELINE } from '../../src/questions/timeline.ts'
import { SimulatedClock } from '../../src/runtime/clock.ts'
import { NOW, recordingLogger } from '../support/api.ts'
import { openEmbeddedEngine } from '../support/embedded-engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { until } from '../support/until.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const SHARDS = 2
const USERS = ['u-1', 'u-2', 'u-3', 'u-4', 'u-5']
/** One action of each user every ten minutes. */
const ROUNDS = 24

function definitionOf(feature = '{ aggregate: count }'): Definition {
  const compiled = compileDefinition(`
version: 1
features: { n: ${feature} }
lifecycle: { initial: new, transitions: [{ from: new, to: active, on: buy }] }
rules: { each: { on: buy, emit: { stream: rewards } } }
`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

class KeptEngine {
  readonly clock = new SimulatedClock(NOW)
  readonly #dataPath = temporaryFolder()
  readonly #definition = definitionOf()
  engine!: LocalEngine
  close: () => Promise<void> = async () => {}

  async open(definition = this.#definition): Promise<void> {
    const settings = {
      dataPath: this.#dataPath,
      shards: SHARDS,
      hotUsersMax: 100,
      keep: { ageMs: 2 * HOUR_MS },
    }
    const opened = await openEmbeddedEngine(settings, definition, this.clock, recordingLogger([]))
    this.engine = opened.engine
    this.close = opened.close
  }

  async buy(): Promise<void> {
    const items = USERS.map((userId) => ({ userId, action: 'buy' }))
    await this.engine.submit(buildBatch(this.#definition, SHARDS, items, this.clock.now()), 'applied')
  }

  /**
   * Lets minutes pass; what profiles know is saved in each, as the engine does every few seconds.
   */
  async pass(minutes: number): Promise<void> {
    for (let minute = 0; minute < minutes; minute++) {
      this.clock.advance(MINUTE_MS)
      await until(
        async () =>
          (await this.engine.ask(SHARD_STATUS, {})).every(({ committed, head }) => committed === head),
        () => 'profiles were not saved',
      )
    }
  }

  async timeline(user: string): Promise<string[]> {
    const view = await this.engine.ask(TIMELINE, { user, limit: 100 })
    return view!.actions.map(({ occurredAt }) => occurredAt)
  }

  async counts(): Promise<unknown[]> {
    const views = await Promise.all(USERS.map((user) => this.engine.ask(PROFILE, { user })))
    return views.map((view) => view?.features.n)
  }

  async entries(stream: string): Promise<string[]> {
    const ids: string[] = []
    for (let cursor = '0'; ; ) {
      const page = await this.engine.streams.read(stream, cursor, {}, 100)
      ids.push(...page.entries.map(({ id }) => id))
      cursor = page.cursor
      if (!page.more && page.entries.length === 0) return ids
    }
  }
}

test('profiles, restarts, timelines and explanations outlive the log they came from; what needs all of it is refused', async () => {
  const kept = new KeptEngine()
  onTestFinished(() => kept.close())
  await kept.open()
  let early = ''
  for (let round = 0; round < ROUNDS; round++) {
    await kept.buy()
    await kept.pass(10)
    if (round === 0) early = (await kept.engine.streams.read('rewards', '0', {}, 1)).cursor
  }
  // Those of the last two hours.
  const left = 12 * USERS.length
  await expect.poll(async () => (await kept.entries('rewards')).length).toBe(left)
  const held = await kept.entries('rewards')
  expect(await kept.entries('actions')).toHaveLength(left)
  await expect(kept.engine.streams.read('rewards', early, {}, 9)).rejects.toMatchObject({
    code: 'CURSOR_TOO_OLD',
  })
  await expect(kept.engine.ask(START_REBUILD, { shard: 0 })).rejects.toMatchObject({ code: 'LOG_TRIMMED' })

  await kept.close()
  await kept.open()
  expect(await kept.counts()).toEqual(USERS.map(() => ROUNDS))
  expect(await kept.entries('rewards')).toEqual(held)
  await kept.buy()
  expect(await kept.counts()).toEqual(USERS.map(() => ROUNDS + 1))
  await expect.poll(() => kept.entries('rewards')).toHaveLength(left + USERS.length)
  const times = await kept.timeline('u-1')
  expect(times).toHaveLength(12 + 1)
  expect(times[0]).toBe(new Date(kept.clock.now()).toISOString())
  const explained = await kept.engine.ask(EXPLAIN, { user: 'u-1', name: 'n' })
  expect(explained).toMatchObject({ value: ROUNDS + 1 })

  await kept.close()
  kept.close = async () => {}
  await expect(kept.open(definitionOf('{ aggregate: count, window: 30d }'))).rejects.toMatchObject({
    code: 'STORE_MISMATCH',
    message: expect.stringContaining('the log no longer reaches back to its start'),
  })
})
