import { expect, test } from 'vitest'
import { compileDefinition } from '../../../src/definition/compile.ts'
import type { Definition } from '../../../src/definition/definition.ts'
import { PulseprintError } from '../../../src/errors.ts'
import { decodeHeader } from '../../../src/ingest/records.ts'
import { PROFILE } from '../../../src/questions/profile.ts'
import { SHARD_STATUS } from '../../../src/questions/shard-status.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts'
import { temporaryFolder } from '../../support/folders.ts'
import { openLocalEngine, SHARDS, type TestEngine, usersIn } from '../../support/local-engine.ts'

const NOW = Date.parse('2026-11-20T12:00:00Z')
const MINUTE_MS = 60_000

function definition(silence = '1m'): Definition {
  const compiled = compileDefinition(`
version: 1
historyWait: 5m
features: { n: { aggregate: count } }
lifecycle:
  initial: new
  transitions: [{ from: "*", to: quiet, after: ${silence} }, { from: quiet, to: lost, after: 10m, since: stage }]
`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

const act = (userId: string, occurredAt?: number) => ({ userId, action: 'a', occurredAt })

/** What subscribers of `stages` have got: who went where, and when by the user's own clock. */
async function announced({ engine }: TestEngine): Promise<string[]> {
  const { entries } = await engine.streams.read('stages', '0', {}, 1_000)
  return entries.map(({ data }) => {
    const { userId, to, at } = JSON.parse(data) as { userId: string; to: string; at: string }
    return `${userId} ${to} ${(Date.parse(at) - NOW) / MINUTE_MS}`
  })
}

/** Moves the clock on; the ticker works beside it. */
async function pass(clock: SimulatedClock, minutes: number): Promise<void> {
  clock.advance(0)
  await new Promise((resolve) => setImmediate(resolve))
  for (let step = 0; step < minutes * 12; step++) {
    clock.advance(5_000)
    await new Promise((resolve) => setImmediate(resolve))
  }
}

test('a user who falls silent changes stage at the right instant, by a tick in the log', async () => {
  const clock = new SimulatedClock(NOW)
  const parts = await openLocalEngine({ definition: definition(), clock })
  const { sequences } = await parts.send([act('u')])
  await pass(clock, 0.5)
  expect(await announced(parts)).toEqual([])
  await pass(clock, 1)
  await expect.poll(() => announced(parts)).toEqual(['u quiet 1'])
  await pass(clock, 11)
  await expect.poll(() => announced(parts)).toEqual(['u quiet 1', 'u lost 11'])
  const shards = await parts.engine.ask(SHARD_STATUS, {})
  expect(shards.filter(({ head }) => head! > 0)).toMatchObject([{ head: sequences[0]! + 2 }])
})

test('a silence that was moved on is noticed at its new time, also of a user who has passivated since', async () => {
  const clock = new SimulatedClock(NOW)
  const [user, ...others] = usersIn(0, 9) as [string, ...string[]]
  const parts = await openLocalEngine({ definition: definition('6s'), clock, hotUsersMax: SHARDS })
  await pass(clock, 0)
  await parts.send([act(user)])
  await pass(clock, 1 / 12)
  await parts.send([act(user)])
  for (const other of others) await parts.send([act(other)])
  const hot = (await parts.engine.ask(SHARD_STATUS, {}))[0]!.hotUsers
  expect(hot).toBeLessThan(others.length)
  const applied = async () => {
    clock.advance(0)
    return (await parts.engine.ask(SHARD_STATUS, {}))[0]!.applied
  }
  const before = await applied()
  // The entry of the first silence is taken, too early by a second.
  clock.advance(5_000)
  await expect.poll(applied).toBeGreaterThan(before)
  await pass(clock, 0.5)
  const changes = async () => (await announced(parts)).filter((change) => change.startsWith(`${user} `))
  await expect.poll(changes).toEqual([`${user} quiet ${11 / 60}`])
})

test('the index of whom to wake holds each user once, at its newest time, however often it is saved', async () => {
  const clock = new SimulatedClock(NOW)
  const stores: SnapshotStore[] = []
  const parts = await openLocalEngine({
    definition: definition(),
    clock,
    snapshots: (real) => {
      stores.push(real)
      return {}
    },
  })
  const users = usersIn(0, 3)
  let last = 0
  for (let round = 0; round < 4; round++) {
    last = clock.now()
    await parts.send(users.map((user) => act(user)))
    await pass(clock, 0.25)
  }
  const wakes = () => {
    // Profiles are saved every few seconds.
    clock.advance(1_000)
    return stores[0]!.wakes(0, undefined, NOW + 60 * MINUTE_MS, 100)
  }
  const wokenAt = (wakeAt: number) => users.toSorted().map((user) => ({ wakeAt, user }))
  await expect.poll(wakes).toEqual(wokenAt(last + MINUTE_MS))
  await pass(clock, 1.2)
  await expect.poll(wakes).toEqual(wokenAt(last + 11 * MINUTE_MS))
})

test('what fell due while the engine was down is announced at the start, once', async () => {
  const folder = temporaryFolder()
  const first = await openLocalEngine({ folder, definition: definition(), clock: new SimulatedClock(NOW) })
  await first.send([act('u')])
  await first.stop()
  for (const minutes of [30, 31]) {
    const clock = new SimulatedClock(NOW + minutes * MINUTE_MS)
    const parts = await openLocalEngine({ folder, definition: definition(), clock })
    await pass(clock, 0.2)
    await expect.poll(() => announced(parts)).toEqual(['u quiet 1', 'u lost 11'])
    await parts.stop()
  }
})

test('a new definition announces nothing of what it would have announced before, but all that comes after', async () => {
  const folder = temporaryFolder()
  const clock = new SimulatedClock(NOW)
  const plain = compileDefinition('version: 1\nfeatures: { n: { aggregate: count } }')
  if ('problems' in plain) throw new Error(JSON.stringify(plain.problems))
  const before = await openLocalEngine({ folder, definition: plain.definition, clock })
  await before.send([act('gone'), act('back')])
  clock.advance(30 * MINUTE_MS)
  await before.send([act('recent')])
  await before.stop()
  const parts = await openLocalEngine({ folder, definition: definition(), clock })
  await parts.send([act('back')])
  await pass(clock, 15)
  const expected = ['back quiet 31', 'back lost 41', 'recent quiet 31', 'recent lost 41']
  const changes = async () => {
    clock.advance(0)
    return (await announced(parts)).toSorted()
  }
  await expect.poll(changes).toEqual(expected.toSorted())
  const { stage } = (await parts.engine.ask(PROFILE, { user: 'gone' }))!
  expect([stage!.name, stage!.history.map(({ name }) => name)]).toEqual(['lost', ['new', 'quiet']])
})

test('a timer of the past waits for more history: what came meanwhile moves it', async () => {
  const clock = new SimulatedClock(NOW)
  const parts = await openLocalEngine({ definition: definition(), clock })
  await parts.send([act('u', NOW - 60 * MINUTE_MS)])
  await pass(clock, 4)
  expect(await announced(parts)).toEqual([])
  await parts.send([act('u', NOW - 59.5 * MINUTE_MS)])
  await pass(clock, 4)
  expect(await announced(parts)).toEqual([])
  await pass(clock, 2)
  await expect.poll(() => announced(parts)).toEqual(['u quiet -58.5', 'u lost -48.5'])
})

test('a reader sees the stage of the instant, announced or not', async () => {
  const clock = new SimulatedClock(NOW)
  const { engine, send } = await openLocalEngine({ definition: definition(), clock })
  await send([act('u')])
  const stageAt = async (minutes: number) =>
    (await engine.ask(PROFILE, { user: 'u', at: NOW + minutes * MINUTE_MS }))?.stage?.name
  expect([await stageAt(0.9), await stageAt(1), await stageAt(11)]).toEqual(['new', 'quiet', 'lost'])
  await pass(clock, 2)
  expect([await stageAt(0.9), await stageAt(1), await stageAt(11)]).toEqual(['new', 'quiet', 'lost'])
})

test('a tick that the log refuses is tried again until it is taken, and each time it begins to is told once', async () => {
  const clock = new SimulatedClock(NOW)
  let refused = 0
  const parts = await openLocalEngine({
    definition: definition(),
    clock,
    log: (real) => ({
      append(entries) {
        const isTick = entries.some(({ payload }) => decodeHeader(payload as Buffer).kind === 'tick')
        if (!isTick || refused++ > 2) return real.append(entries)
        throw new PulseprintError('STORAGE_UNAVAILABLE', 'no space left')
      },
    }),
  })
  await parts.send([act('u')])
  await pass(clock, 3)
  await expect.poll(() => announced(parts)).toEqual(['u quiet 1'])
  expect(refused).toBeGreaterThan(2)
  const told = () => parts.logged.filter(({ message }) => message === 'a tick could not be appended').length
  expect(told()).toBe(1)
  refused = 0
  await pass(clock, 11)
  await expect.poll(() => announced(parts)).toEqual(['u quiet 1', 'u lost 11'])
  expect(told()).toBe(2)
})
