import fc from 'fast-check'
import { expect, test } from 'vitest'
import { openEmbeddedStores } from '../../src/app/embedded-stores.ts'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Definition } from '../../src/definition/definition.ts'
import { PulseprintError } from '../../src/errors.ts'
import { decodeActions, decodeHeader } from '../../src/ingest/records.ts'
import { shardOf } from '../../src/model/hash.ts'
import { Fold } from '../../src/profile/fold.ts'
import { emptyProfile, type Profile } from '../../src/profile/profile.ts'
import { encodeProfile } from '../../src/profile/profile-codec.ts'
import { readFeatures } from '../../src/profile/read.ts'
import { PROFILE } from '../../src/questions/profile.ts'
import { SimulatedClock } from '../../src/runtime/clock.ts'
import { temporaryFolder } from '../support/folders.ts'
import { openLocalEngine, SHARDS, type TestEngine } from '../support/local-engine.ts'

const NOW = Date.parse('2026-11-20T09:30:00.000Z')
/**
 * Two users at most stay hot in a shard, and nearly every turn begins with a load; or all do, and
 * little is saved.
 */
const HOT_USERS_MAX = [2 * SHARDS, 1_000]
const MINUTE_MS = 60_000

const FEATURES = `
  n: { aggregate: count }
  sum_2h: { aggregate: sum, of: properties.x, window: 2h }
  things: { aggregate: distinct, of: properties.x, window: 7d }
  latest: { aggregate: last, of: properties.x }`

function compiled(features: string): Definition {
  const text = `version: 1\ntimezone: America/St_Johns\nidempotencyWindow: 2s\nlatenessLimit: 3d\nfeatures:${features}`
  const result = compileDefinition(text)
  if ('problems' in result) throw new Error(JSON.stringify(result.problems))
  return result.definition
}
const definition = compiled(FEATURES)
const redefined = compiled(`${FEATURES}\n  m: { aggregate: max, of: properties.x, window: day }`)

const action = fc.record({
  user: fc.integer({ min: 0, max: 12 }),
  id: fc.option(fc.integer({ min: 0, max: 20 })),
  minutesAgo: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 6_000 })),
  x: fc.oneof(fc.integer(), fc.constantFrom(-0, 0.1, 'ü', '\ud800', null)),
})
/**
 * Seconds, in which ids are forgotten and nothing is saved yet, or minutes, after which everything
 * is saved.
 */
const passMs = fc.oneof(fc.integer({ min: 0, max: 4_000 }), fc.integer({ min: 0, max: 8 * MINUTE_MS }))
const step = fc.oneof(
  { weight: 12, arbitrary: fc.array(action, { minLength: 1, maxLength: 40 }) },
  { weight: 6, arbitrary: fc.record({ passMs }) },
  { weight: 2, arbitrary: fc.constantFrom('stop', 'crash', 'tear', 'redefine') },
)

const stepsOfStory = fc.array(step, { minLength: 3, maxLength: 30 })
type Sent = typeof action extends fc.Arbitrary<infer T> ? T : never
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

/** The engine of one story: its clock, its folder, and its definition of the moment. */
class Story {
  readonly clock = new SimulatedClock(NOW)
  readonly folder = temporaryFolder()
  definition = definition
  engine!: TestEngine
  readonly #hotUsersMax: number
  #refusing: 'nothing' | 'offsets' | 'everything' = 'nothing'

  constructor(hotUsersMax: number) {
    this.#hotUsersMax = hotUsersMax
  }

  async start(): Promise<void> {
    this.#refusing = 'nothing'
    const { folder, definition, clock } = this
    this.engine = await openLocalEngine({
      folder,
      definition,
      clock,
      hotUsersMax: this.#hotUsersMax,
      snapshots: (real) => ({
        commit: async (shard, commit) => {
          const refused = this.#refusing === 'everything' || commit.offset !== undefined
          if (this.#refusing !== 'nothing' && refused) throw new PulseprintError('FENCED', 'crashed')
          return real.commit(shard, commit)
        },
      }),
    })
  }

  /**
   * Ends the engine such that nothing is saved from now on: the snapshots stay where they were, as
   * after `kill -9`.
   */
  crash(): Promise<void> {
    this.#refusing = 'everything'
    return this.engine.stop()
  }

  /**
   * Ends the engine in the middle of a checkpoint: profiles are saved, the offset that covers them
   * is not.
   */
  tear(): Promise<void> {
    this.#refusing = 'offsets'
    return this.engine.stop()
  }

  async send(actions: Sent[]): Promise<void> {
    const at = this.clock.now()
    const items = actions.map(({ user, id, minutesAgo, x }) => ({
      userId: `u${user}`,
      ...(id !== null && { id: `i${id}` }),
      action: 'a',
      occurredAt: at - minutesAgo * MINUTE_MS,
      properties: { x },
    }))
    await this.engine.send(items, 'durable')
  }

  async take(step: Step): Promise<void> {
    if (Array.isArray(step)) return this.send(step)
    if (typeof step === 'object') return this.clock.advance(step.passMs)
    if (step === 'crash') await this.crash()
    else if (step === 'tear') await this.tear()
    else await this.engine.stop()
    if (step === 'redefine') this.definition = this.definition === definition ? redefined : definition
    await this.start()
  }
}

/** Every user's profile as the log alone gives it. */
async function foldOfLog(folder: string, definition: Definition): Promise<Map<string, Profile>> {
  const { log, close } = await openEmbeddedStores(folder, SHARDS)
  const profiles = new Map<string, Profile>()
  const fold = new Fold(definition)
  for (let shard = 0; shard < SHARDS; shard++) {
    for (let sequence = await log.tail(shard); sequence <= (await log.head(shard)); sequence++) {
      const record = await log.get(shard, sequence)
      if (!record) continue
      const { receivedAt } = decodeHeader(record.payload)
      for (const [position, each] of decodeActions(record.payload).entries()) {
        const profile = profiles.get(each.user) ?? emptyProfile(definition)
        profiles.set(each.user, profile)
        fold.apply(profile, each, { shard, sequence, position }, receivedAt, [])
        profile.sequence = sequence
      }
    }
  }
  await close()
  return profiles
}

/** Every user's profile as it is stored. */
async function storedProfiles(
  folder: string,
  users: Iterable<string>,
): Promise<Map<string, Buffer | undefined>> {
  const { snapshots, close } = await openEmbeddedStores(folder, SHARDS)
  const stored = new Map<string, Buffer | undefined>()
  for (const user of users) stored.set(user, (await snapshots.load(shardOf(user, SHARDS), [user]))[0])
  await close()
  return stored
}

test('whatever stops, crashes and changes: every profile is the fold of the log, byte for byte', async () => {
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...HOT_USERS_MAX), stepsOfStory, async (hotUsersMax, steps) => {
      const story = new Story(hotUsersMax)
      await story.start()
      for (const step of steps) await story.take(step)
      await story.crash()
      const folded = await foldOfLog(story.folder, story.definition)
      await story.start()
      for (const [user, profile] of folded) {
        const at = Math.max(story.clock.now(), profile.newestAt)
        const { features } = readFeatures(story.definition, profile, story.definition.features, at)
        expect((await story.engine.engine.ask(PROFILE, { user }))?.features).toEqual(features)
      }
      await story.engine.stop()
      const stored = await storedProfiles(story.folder, folded.keys())
      for (const [user, profile] of folded) {
        const expected = encodeProfile(story.definition, profile)
        expect([user, stored.get(user)?.toString('hex')]).toEqual([user, expected.toString('hex')])
      }
    }),
    { numRuns: 32 },
  )
})

test('whoever reads while others write sees only whole records, never going back', async () => {
  const { engine, send, count } = await openLocalEngine({ hotUsersMax: HOT_USERS_MAX[0]! })
  // Each record holds seven actions of the user.
  const record = () => Array.from({ length: 7 }, () => ({ userId: 'u', action: 'a' }))
  const others = (turn: number) =>
    Array.from({ length: 9 }, (_, n) => ({ userId: `o${turn}-${n}`, action: 'a' }))
  let writing = true
  const written = (async () => {
    for (let turn = 0; turn < 60; turn++) await send([...record(), ...others(turn)])
    writing = false
  })()
  const seen: { n: number; sequence: number }[] = []
  while (writing) {
    const profile = await engine.ask(PROFILE, { user: 'u' })
    if (profile) seen.push({ n: profile.features.n as number, sequence: profile.asOf.sequence })
    await new Promise((resolve) => setImmediate(resolve))
  }
  await written
  expect(await count('u')).toBe(60 * 7)
  expect(seen.length).toBeGreaterThan(20)
  for (const [index, { n, sequence }] of seen.entries()) {
    expect(n % 7).toBe(0)
    // The user is in every record of the shard: what is stated is what is covered.
    expect(n).toBeGreaterThanOrEqual(sequence * 7)
    if (index > 0) expect(n).toBeGreaterThanOrEqual(seen[index - 1]!.n)
  }
})
