import { setImmediate as nextTurn } from 'node:timers/promises'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import { PulseprintError } from '../../src/errors.ts'
import { shardOf } from '../../src/model/hash.ts'
import { emptyProfile } from '../../src/profile/profile.ts'
import { decodeProfile, encodeProfile } from '../../src/profile/profile-codec.ts'
import { PROFILE } from '../../src/questions/profile.ts'
import { REBUILD, START_REBUILD } from '../../src/questions/rebuild.ts'
import type { RebuildView } from '../../src/views/views.ts'
import { SHARDS } from '../support/local-engine.ts'
import { damage, loggedProfiles, rebuildEnded, rebuilt, storedProfiles } from '../support/rebuild.ts'
import { until } from '../support/until.ts'
import { laws } from './life-plans.ts'
import { HOT_USERS_MAX, type Step, Story, step } from './life-story.ts'

const ALL_SHARDS = Array.from({ length: SHARDS }, (_, shard) => shard)

/** Undefined where there was none since the start. */
async function lastRebuild({ engine }: Story, shard: number): Promise<RebuildView | undefined> {
  return engine.engine.ask(REBUILD, { shard }).catch((error) => {
    if (error instanceof PulseprintError && error.code === 'NO_REBUILD') return undefined
    throw error
  })
}

/** Where none runs, and the shards have replayed their logs. */
async function startRebuilds({ engine }: Story): Promise<void> {
  for (const shard of ALL_SHARDS) {
    await engine.engine.ask(START_REBUILD, { shard }).catch((error) => {
      if (!(error instanceof PulseprintError && ['REBUILD_RUNNING', 'NOT_READY'].includes(error.code)))
        throw error
    })
  }
}

/** Reads users' profiles over and over; none may fail. */
class Reader {
  #reading = true
  readonly #read: Promise<number>

  constructor(story: Story, users: readonly string[]) {
    this.#read = this.#readAll(story, users)
    // Whoever stops it hears of it.
    this.#read.catch(() => {})
  }

  async #readAll({ engine: { engine } }: Story, users: readonly string[]): Promise<number> {
    let reads = 0
    while (this.#reading) {
      for (const user of users) expect(await engine.ask(PROFILE, { user })).toBeDefined()
      reads += users.length
      await nextTurn()
    }
    return reads
  }

  stop(): Promise<number> {
    this.#reading = false
    return this.#read
  }
}

const NOTHING_FOUND = { differing: 0, missing: 0, unlogged: 0, samples: [] }

test('a rebuild at any moment of any history finds every profile equal, and says nothing twice', async () => {
  const steps = fc.array(
    fc.oneof({ weight: 4, arbitrary: step }, { weight: 1, arbitrary: fc.constant('rebuild' as const) }),
    { minLength: 3, maxLength: 20 },
  )
  await fc.assert(
    fc.asyncProperty(
      laws('Europe/London'),
      fc.constantFrom(...HOT_USERS_MAX),
      steps,
      async (law, hotUsersMax, steps) => {
        const story = new Story(law, hotUsersMax)
        await story.start()
        for (const step of steps) {
          if (step === 'rebuild') await startRebuilds(story)
          else await story.take(step)
          for (const shard of ALL_SHARDS) {
            const view = await lastRebuild(story, shard)
            if (view) expect(view).toMatchObject(NOTHING_FOUND)
          }
        }
        await story.settleAll()
        for (const shard of ALL_SHARDS) {
          if (await lastRebuild(story, shard)) await rebuildEnded(story.engine.engine, shard)
          const users = [...story.users.keys()].filter((user) => shardOf(user, SHARDS) === shard).length
          const view = await rebuilt(story.engine.engine, shard)
          expect(view).toMatchObject({ state: 'done', users, equal: users, ...NOTHING_FOUND })
        }
        if (![...story.users.values()].some((user) => user.naive.unclear))
          expect(await story.published()).toEqual(story.expected())
        await story.stop()
        expect(await storedProfiles(story.folder, SHARDS)).toEqual(
          await loggedProfiles(story.folder, law.definition, SHARDS),
        )
      },
    ),
    { numRuns: 15 },
  )
})

const damages = fc.array(
  fc.record({
    user: fc.nat({ max: 5 }),
    kind: fc.constantFrom('empty', 'other', 'older'),
    wakes: fc.boolean(),
  }),
  { minLength: 1, maxLength: 4 },
)

/** What users do, and time, while nothing stops. */
const busy = fc.array(
  step.filter((each): each is Exclude<Step, string> => typeof each !== 'string'),
  { minLength: 2, maxLength: 10 },
)

test('whatever profiles are damaged, a rebuild finds and repairs them, timers included, and all are read meanwhile', async () => {
  await fc.assert(
    fc.asyncProperty(
      laws('Europe/London'),
      fc.constantFrom(...HOT_USERS_MAX),
      busy,
      busy,
      damages,
      fc.option(busy, { freq: 1 }),
      async (law, hotUsersMax, before, after, damages, meanwhile) => {
        const story = new Story(law, hotUsersMax)
        const { definition } = law
        await story.start()
        for (const step of before) await story.take(step)
        await story.stop()
        const older = await storedProfiles(story.folder, SHARDS)
        await story.start()
        for (const step of after) await story.take(step)
        await story.settle()
        // Time stands still, so that nothing is due at the next start.
        await story.engine.stop()
        const stored = await storedProfiles(story.folder, SHARDS)
        expect(stored).toEqual(await loggedProfiles(story.folder, definition, SHARDS))

        const damaged = new Map<string, Buffer>()
        const users = [...stored.keys()]
        for (const { user: number, kind, wakes } of damages) {
          const user = users[number % users.length]
          if (user === undefined || damaged.has(user)) continue
          const bytesOf = {
            empty: encodeProfile(definition, emptyProfile(definition)),
            other: stored.get(users[(number + 1) % users.length]!)!,
            older: older.get(user) ?? stored.get(user)!,
          }
          const bytes = bytesOf[kind]
          if (bytes.equals(stored.get(user)!)) continue
          damaged.set(user, bytes)
          const { wakeAt: wakeBefore } = decodeProfile(definition, stored.get(user)!).standing!
          await damage(story.folder, SHARDS, [{ user, bytes, ...(!wakes && { wakeBefore }) }])
        }

        await story.start()
        await until(
          () => story.engine.engine.notReady() === undefined,
          () => 'the engine does not become ready',
        )
        await startRebuilds(story)
        const reader = new Reader(story, users)
        for (const step of meanwhile ?? []) await story.take(step)
        const views: RebuildView[] = []
        for (const shard of ALL_SHARDS) views.push(await rebuildEnded(story.engine.engine, shard))
        expect(await reader.stop()).toBeGreaterThanOrEqual(users.length)
        expect(views).toMatchObject(ALL_SHARDS.map(() => ({ state: 'done', missing: 0, unlogged: 0 })))
        if (!meanwhile) {
          const samples = views.flatMap(({ samples }) => samples)
          expect(samples.map(({ userId }) => userId).sort()).toEqual([...damaged.keys()].sort())
          expect(samples.every(({ what }) => what.length > 0)).toBe(true)
        }
        // Timers of the repaired are there again: this waits until all that is due has come about.
        await story.settleAll()
        for (const shard of ALL_SHARDS) {
          expect(await rebuilt(story.engine.engine, shard)).toMatchObject({ state: 'done', ...NOTHING_FOUND })
        }
        await story.stop()
        expect(await storedProfiles(story.folder, SHARDS)).toEqual(
          await loggedProfiles(story.folder, definition, SHARDS),
        )
      },
    ),
    { numRuns: 15 },
  )
})
