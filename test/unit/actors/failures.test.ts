import { expect, test } from 'vitest'
import { PulseprintError } from '../../../src/errors.ts'
import { LIMITS } from '../../../src/limits.ts'
import { shardOf } from '../../../src/model/hash.ts'
import { PROFILE } from '../../../src/questions/profile.ts'
import { SHARD_STATUS } from '../../../src/questions/shard-status.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts'
import type { Publication } from '../../../src/streams/stream-store.ts'
import { definitionOf, openLocalEngine, SHARDS, usersIn } from '../../support/local-engine.ts'
import { until } from '../../support/until.ts'

const [ALICE, ADAM, AVA] = usersIn(0, 3) as [string, string, string]
const [BOB] = usersIn(1, 1) as [string]
const act = (userId: string, id?: string) => ({ userId, id, action: 'a' })
const code = (expected: string) => expect.objectContaining({ code: expected })

test('a snapshot that cannot be loaded stops its shard, says why, and leaves the others reading', async () => {
  const { engine, send, count } = await openLocalEngine({
    snapshots: (real) => ({
      load: (shard, users) =>
        shard === 0 ? Promise.reject(new Error('torn page')) : real.load(shard, users),
    }),
  })
  await send([act(BOB)])
  await expect(send([act(ALICE)])).rejects.toThrow(code('NOT_YET_APPLIED'))
  expect(engine.notReady()).toBe('shard 0 has stopped: torn page')
  await expect(send([act(ALICE)])).rejects.toThrow(code('NOT_READY'))
  await expect(engine.ask(PROFILE, { user: ALICE })).rejects.toThrow(code('NOT_READY'))
  expect(await count(BOB)).toBe(1)
})

test('a fold that throws stops its shard, and nothing half-applied is ever saved', async () => {
  const definition = definitionOf('{ n: { aggregate: count } }')
  const { operator } = definition.series[0]!
  let failing = true
  const add: typeof operator.add = (state, value, at, tile) => {
    if (failing && at === 13) throw new Error('a mistake in the fold')
    return operator.add(state, value, at, tile)
  }
  definition.series[0] = { ...definition.series[0]!, operator: { ...operator, add } }
  const first = await openLocalEngine({ definition })
  await first.send([act(ALICE), act(BOB)])
  const bad = [act(ALICE, 'before'), { ...act(ADAM), occurredAt: 13 }]
  await expect(first.send(bad)).rejects.toThrow(code('NOT_YET_APPLIED'))
  expect(first.engine.notReady()).toContain('a mistake in the fold')
  await expect(first.engine.ask(PROFILE, { user: ALICE })).rejects.toThrow(code('NOT_READY'))
  expect(await first.count(BOB)).toBe(1)
  await first.stop()

  failing = false
  const second = await openLocalEngine({ definition, folder: first.folder })
  expect(await second.count(ALICE)).toBe(2)
  expect(await second.count(ADAM)).toBe(1)
})

test('a half-applied profile with older unsaved changes is not saved either', async () => {
  const definition = definitionOf('{ n: { aggregate: count } }')
  const { operator } = definition.series[0]!
  let failing = false
  const add: typeof operator.add = (...args) => {
    if (failing) throw new Error('a mistake in the fold')
    return operator.add(...args)
  }
  definition.series[0] = { ...definition.series[0]!, operator: { ...operator, add } }
  const first = await openLocalEngine({ definition })
  await first.send([act(ALICE)])
  failing = true
  await expect(first.send([act(ALICE, 'again')])).rejects.toThrow(code('NOT_YET_APPLIED'))
  await first.stop()

  failing = false
  const second = await openLocalEngine({ definition, folder: first.folder })
  // The action was remembered before its series threw: saved like that, it would now pass for a
  // duplicate.
  expect(await second.count(ALICE)).toBe(2)
})

test('a refused snapshot write is tried again until it is taken, and nothing is lost', async () => {
  const clock = new SimulatedClock(Date.now())
  let refusals = 0
  // More than one slice of profiles, so that one commit fails while others are being prepared.
  const many = usersIn(0, 500)
  const first = await openLocalEngine({
    clock,
    snapshots: (real) => ({
      commit: async (shard, commit) => {
        if (refusals++ < 10) throw new PulseprintError('STORAGE_UNAVAILABLE', 'the disk is full')
        return real.commit(shard, commit)
      },
    }),
  })
  const { sequences } = await first.send(many.map((user) => act(user)))
  await until(
    async () => {
      clock.advance(LIMITS.checkpointIntervalMs)
      return (await first.engine.ask(SHARD_STATUS, {}))[0]!.committed === sequences[0]
    },
    () => 'the profiles were never saved',
  )
  expect(refusals).toBeGreaterThan(10)
  expect(first.engine.notReady()).toBeUndefined()
  expect(first.logged.map(({ message }) => message)).toContain('profiles could not be saved')
  await first.stop()
  const second = await openLocalEngine({ folder: first.folder })
  for (const user of many) expect(await second.count(user)).toBe(1)
})

test('with no room for another user a shard waits for the store, and goes on when it is back', async () => {
  let refusing = true
  const { engine, send, count } = await openLocalEngine({
    hotUsersMax: SHARDS,
    snapshots: (real) => ({
      commit: async (shard, commit) => {
        if (refusing) throw new PulseprintError('STORAGE_UNAVAILABLE', 'the disk is full')
        return real.commit(shard, commit)
      },
    }),
  })
  await send([act(ALICE), act(ADAM)])
  const waiting = send([act(AVA)])
  expect(await count(ALICE)).toBe(1)
  refusing = false
  await waiting
  expect(await count(AVA)).toBe(1)
  expect(engine.notReady()).toBeUndefined()
})

test('a shard that was fenced stops and says so', async () => {
  const clock = new SimulatedClock(Date.now())
  let claim: () => Promise<void> = async () => {}
  const { engine, send } = await openLocalEngine({
    clock,
    snapshots: (real) => {
      claim = () => real.claim(0, 99)
      return {}
    },
  })
  await send([act(ALICE)])
  await claim()
  await until(
    () => {
      clock.advance(LIMITS.checkpointIntervalMs)
      return engine.notReady() !== undefined
    },
    () => 'the shard went on',
  )
  expect(engine.notReady()).toContain('shard 0 has stopped: epoch 1 of shard 0 is over')
  await expect(send([act(ALICE)])).rejects.toThrow(code('NOT_READY'))
  await expect(engine.ask(PROFILE, { user: ALICE })).rejects.toThrow(code('NOT_READY'))
})

test('a shard that was given up while it loaded a profile publishes nothing that it makes of it, and answers no read from it', async () => {
  const loads: (() => void)[] = []
  const published: number[] = []
  const { engine, send, count } = await openLocalEngine({
    snapshots: (real) => ({
      load: async (shard, users) => {
        if (!users.includes(ADAM)) return real.load(shard, users)
        await new Promise<void>((resolve) => loads.push(resolve))
        return users.map(() => undefined)
      },
    }),
    streams: (real) => ({
      publish: (publications) => {
        published.push(...publications.map(({ sequence }) => sequence))
        return real.publish(publications)
      },
    }),
  })
  const { sequences } = await send([act(ALICE)])
  const reading = count(ADAM)
  const sending = send([act(ADAM)])
  const outcomes = Promise.allSettled([reading, sending])
  await until(
    () => loads.length === 2,
    () => 'the profile is not asked for twice',
  )
  engine.drop(0)
  for (const resolve of loads) resolve()
  expect((await outcomes).map(({ status }) => status)).toEqual(['rejected', 'rejected'])
  await engine.stop()
  expect(published).toEqual(sequences)
})

test('an action that was sent twice is once on the stream of actions, also where only its profile was saved before a crash', async () => {
  const refusing = (real: SnapshotStore): Partial<SnapshotStore> => ({
    commit: async (shard, commit) => {
      if (commit.offset !== undefined) throw new PulseprintError('STORAGE_UNAVAILABLE', 'the store is away')
      return real.commit(shard, commit)
    },
  })
  const first = await openLocalEngine({ snapshots: refusing })
  const { sequences } = await first.send([act(ALICE, 'once')])
  await first.send([act(ALICE, 'once')])
  await first.stop()
  const published: Publication[] = []
  const second = await openLocalEngine({
    folder: first.folder,
    streams: () => ({
      // As on JetStream, where what led to nothing leaves nothing.
      takesActions: true,
      published: (shard) => (shard === shardOf(ALICE, SHARDS) ? sequences[0]! : 0),
      publish: async (publications) => void published.push(...publications),
    }),
  })
  await second.send([act(ALICE, 'other')])
  await second.stop()
  const accepted = published.flatMap(({ actions = [], refused = [] }) =>
    actions.filter((_, position) => !refused.includes(position)).map(({ id }) => id),
  )
  expect(accepted).toEqual(['other'])
})

test('a profile that has seen a record is not saved before the record is applied to its other users, and published', async () => {
  const loads = Promise.withResolvers<void>()
  let isHeld = false
  const events: string[] = []
  const { engine, send } = await openLocalEngine({
    snapshots: (real) => ({
      load: async (shard, users, epoch) => {
        if (isHeld && users.includes(ADAM)) await loads.promise
        return real.load(shard, users, epoch)
      },
      commit: (shard, commit) => {
        if (isHeld && commit.profiles.some(({ user }) => user === ALICE)) events.push('saved')
        return real.commit(shard, commit)
      },
    }),
    streams: (real) => ({
      publish: (publications) => {
        if (isHeld && publications.some(({ shard }) => shard === 0)) events.push('published')
        return real.publish(publications)
      },
    }),
  })
  await send([act(ALICE)])
  await engine.save(0)
  isHeld = true
  // Alice, who is in memory, has applied her part at once; Adam's profile is on its way.
  const sent = send([act(ALICE, 'again'), act(ADAM)])
  await until(
    async () => (await engine.ask(PROFILE, { user: ALICE }))?.features.n === 2,
    () => 'the action was not applied',
  )
  const saved = engine.save(0)
  await until(
    async () => (await engine.ask(PROFILE, { user: ALICE }))?.features.n === 2,
    () => 'reads do not go on',
  )
  expect(events).toEqual([])
  loads.resolve()
  await sent
  await saved
  expect(events[0]).toBe('published')
  expect(events).toContain('saved')
})
