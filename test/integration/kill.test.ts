// kill -9 while clients write: what was acknowledged is counted once, what was not is counted once
// or not at all.
import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { differingTexts, profileTexts, queryProfiles } from '../support/all-profiles.ts'
import { EngineProcess } from '../support/engine.ts'
import { temporaryFolder } from '../support/folders.ts'
import { type Random, seededRandom, testSeed } from '../support/random.ts'
import { type NumberedAction, RecordingClient } from '../support/recording-client.ts'
import { until } from '../support/until.ts'

const LONG_MS = 600_000
const ROUNDS = 9
/** In one of so many rounds the engine lives until it saves profiles, which takes some seconds. */
const SAVING_ROUNDS = 3

const DEFINITION = `
version: 1
timezone: Europe/London
actions:
  purchase: { properties: { amount: number } }
features:
  purchases: { aggregate: count, action: purchase }
  spend: { aggregate: sum, action: purchase, of: properties.amount }
  spend_3d: { aggregate: sum, action: purchase, of: properties.amount, window: 3d }
  amounts_24h: { aggregate: distinct, action: purchase, of: properties.amount, window: 24h }
  mean_month: { aggregate: avg, action: purchase, of: properties.amount, window: month }
  last_amount: { aggregate: last, action: purchase, of: properties.amount }
`

test('every acknowledged action is counted exactly once, however often the engine is killed', {
  timeout: LONG_MS,
}, async () => {
  const random = seededRandom(testSeed('test/integration/kill.test.ts'))
  const engine = await startEngine()
  const client = new RecordingClient(engine)
  for (let round = 0; round < ROUNDS; round++) {
    await postAndKill(engine, client, random, round % SAVING_ROUNDS === 1 ? 'while saving' : 'soon')
    await restart(engine, random)
    await expectBetween(engine, client)
  }
  await client.settle()
  expect(await wrongTotals(engine, client)).toEqual([])
  await expectOwnActionsOnce(engine, client)
  console.log(`${client.acknowledged.length} actions were acknowledged over ${ROUNDS} kills`)
})

test('the log alone gives back every profile, byte for byte', async () => {
  const random = seededRandom(testSeed('test/integration/kill.test.ts'))
  const engine = await startEngine()
  const client = new RecordingClient(engine)
  await postAndKill(engine, client, random)
  await restart(engine, random)
  await client.settle()
  const at = client.newestAt
  const texts = await profileTexts(engine, client.users, at)
  for (const end of [() => engine.kill(), () => engine.stop()]) {
    await end()
    rmSync(join(engine.dataPath, 'snapshots'), { recursive: true })
    engine.restart()
    await engine.ready()
    expect(differingTexts(await profileTexts(engine, client.users, at), texts)).toEqual([])
  }
})

function startEngine(): Promise<EngineProcess> {
  const path = join(temporaryFolder(), 'definition.yaml')
  writeFileSync(path, DEFINITION)
  return EngineProcess.startForTest(path)
}

/**
 * Lets the client post until some thousand more actions are acknowledged, or until the engine is
 * about saving profiles, and kills the engine meanwhile.
 */
async function postAndKill(
  engine: EngineProcess,
  client: RecordingClient,
  random: Random,
  when: 'soon' | 'while saving' = 'soon',
): Promise<void> {
  const target = client.acknowledged.length + 1 + random.below(6_000)
  const posting = client.postUntilLost()
  const enough = until(
    when === 'soon' ? () => client.acknowledged.length >= target : await savesAnother(engine),
    () =>
      `after ${client.acknowledged.length} acknowledged actions, none of ${target} came:\n${engine.output}`,
  )
  await Promise.race([enough, posting.then(() => enough)])
  // Not a wait for anything: it moves the kill to any point of a request's way.
  await pause(random.below(15))
  await engine.kill()
  await posting
}

/** A condition: some shard, mostly the first of all, has saved profiles since now. */
async function savesAnother(engine: EngineProcess): Promise<() => Promise<boolean>> {
  const committed = async () => {
    const { shards } = await engine.json<{ shards: { committed: number }[] }>('/v1/shards')
    return shards.reduce((sum, shard) => sum + shard.committed, 0)
  }
  const before = await committed()
  return async () => (await committed()) > before
}

/** Starts the engine again; every other time it is killed once more on its way up. */
async function restart(engine: EngineProcess, random: Random): Promise<void> {
  engine.restart()
  if (random.below(2) === 0) {
    await pause(random.below(1_000))
    await engine.kill()
    engine.restart()
  }
  await engine.ready()
}

/**
 * Nothing acknowledged is missing, and beyond it there is no more than what was sent and not
 * answered.
 */
async function expectBetween(engine: EngineProcess, client: RecordingClient): Promise<void> {
  const least = countByUser(client.acknowledged)
  const unanswered = countByUser(client.pending.flat())
  const wrong = (await queryProfiles(engine, client.users, client.newestAt)).filter(
    ({ userId, features }) => {
      const purchases = Number(features?.purchases ?? 0)
      const acknowledged = least.get(userId) ?? 0
      return purchases < acknowledged || purchases > acknowledged + (unanswered.get(userId) ?? 0)
    },
  )
  expect(wrong).toEqual([])
}

/**
 * Users whose count or sum is not that of the acknowledged actions. No two actions have the same
 * amount.
 */
async function wrongTotals(engine: EngineProcess, client: RecordingClient): Promise<string[]> {
  const counts = countByUser(client.acknowledged)
  const sums = new Map<string, number>()
  for (const { userId, properties } of client.acknowledged) {
    sums.set(userId, (sums.get(userId) ?? 0) + properties.amount)
  }
  const profiles = await queryProfiles(engine, client.users, client.newestAt)
  return profiles
    .filter(({ userId, features }) => {
      return features?.purchases !== counts.get(userId) || features?.spend !== sums.get(userId)
    })
    .map(
      (profile) => `${JSON.stringify(profile)}: ${counts.get(profile.userId)}, ${sums.get(profile.userId)}`,
    )
}

/** Each user's timeline holds the user's own acknowledged actions, none twice. */
async function expectOwnActionsOnce(engine: EngineProcess, client: RecordingClient): Promise<void> {
  const owners = new Map(client.acknowledged.map(({ id, userId }) => [id, userId]))
  for (const user of client.users) {
    const { actions } = await engine.json<{ actions: { id: string }[] }>(
      `/v1/profiles/${user}/actions?limit=100`,
    )
    const ids = actions.map(({ id }) => id)
    expect(new Set(ids).size).toBe(ids.length)
    expect(ids.filter((id) => owners.get(id) !== user)).toEqual([])
  }
}

function countByUser(actions: readonly NumberedAction[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { userId } of actions) counts.set(userId, (counts.get(userId) ?? 0) + 1)
  return counts
}
