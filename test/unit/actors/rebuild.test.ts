import { expect, test } from 'vitest'
import { LIMITS } from '../../../src/limits.ts'
import { PROFILE } from '../../../src/questions/profile.ts'
import { REBUILD, START_REBUILD } from '../../../src/questions/rebuild.ts'
import { temporaryFolder } from '../../support/folders.ts'
import { definitionOf, openLocalEngine, SHARDS, usersIn } from '../../support/local-engine.ts'
import { damage, loggedProfiles, rebuildEnded, rebuilt, storedProfiles } from '../../support/rebuild.ts'
import { until } from '../../support/until.ts'

const definition = definitionOf(
  '{ n: { aggregate: count }, spend: { aggregate: sum, of: properties.price } }',
)
const [ALICE, ADAM, AVA] = usersIn(0, 3) as [string, string, string]
const act = (userId: string, price = 1) => ({ userId, action: 'a', properties: { price } })
const code = (expected: string) => expect.objectContaining({ code: expected })

/** A folder in which an engine has taken and saved some actions. */
async function savedFolder(): Promise<string> {
  const folder = temporaryFolder()
  const { send, stop } = await openLocalEngine({ folder, definition })
  await send([act(ALICE, 12.5), act(ADAM), act(ADAM), act(AVA)])
  await stop()
  return folder
}

const otherBytes = async (folder: string, user: string) => (await storedProfiles(folder, SHARDS)).get(user)!

test('a profile that differs is told of in words, replaced, and saved', async () => {
  const folder = await savedFolder()
  await damage(folder, SHARDS, [{ user: ALICE, bytes: await otherBytes(folder, ADAM) }])
  const { engine, stop, logged } = await openLocalEngine({ folder, definition })
  expect((await engine.ask(PROFILE, { user: ALICE }))?.features).toEqual({ n: 2, spend: 2 })
  const view = await rebuilt(engine, 0)
  expect(view).toMatchObject({ state: 'done', progress: 1, users: 3, equal: 2, differing: 1, passes: 1 })
  expect(view.samples).toEqual([
    { userId: ALICE, what: expect.arrayContaining(['n: 2 instead of 1', 'spend: 2 instead of 12.5']) },
  ])
  expect(logged).toContainEqual(
    expect.objectContaining({ level: 'warn', message: 'profiles differed from the log' }),
  )
  expect((await engine.ask(PROFILE, { user: ALICE }))?.features).toEqual({ n: 1, spend: 12.5 })
  expect(await rebuilt(engine, 0)).toMatchObject({ equal: 3, differing: 0, samples: [] })
  await stop()
  expect(await storedProfiles(folder, SHARDS)).toEqual(await loggedProfiles(folder, definition, SHARDS))
})

test('a stored profile that cannot even be read is repaired', async () => {
  const folder = await savedFolder()
  await damage(folder, SHARDS, [{ user: ALICE, bytes: Buffer.from([1, 255]) }])
  const { engine } = await openLocalEngine({ folder, definition })
  const { samples } = await rebuilt(engine, 0)
  expect(samples).toEqual([{ userId: ALICE, what: [expect.stringContaining('cannot be read')] }])
  expect((await engine.ask(PROFILE, { user: ALICE }))?.features).toEqual({ n: 1, spend: 12.5 })
})

test('a profile that has vanished is put back', async () => {
  const folder = await savedFolder()
  let lost = true
  const { engine } = await openLocalEngine({
    folder,
    definition,
    snapshots: (real) => ({
      load: async (shard, users) =>
        (await real.load(shard, users)).map((bytes, index) =>
          lost && users[index] === ADAM ? undefined : bytes,
        ),
    }),
  })
  const view = await rebuilt(engine, 0)
  expect(view).toMatchObject({ users: 3, equal: 2, differing: 0, missing: 1 })
  expect((await engine.ask(PROFILE, { user: ADAM }))?.features).toEqual({ n: 2, spend: 2 })
  lost = false
  expect(await rebuilt(engine, 0)).toMatchObject({ equal: 3, missing: 0 })
})

test('what is stored of a hot user is compared too', async () => {
  const folder = await savedFolder()
  const bytes = await otherBytes(folder, ADAM)
  await damage(folder, SHARDS, [{ user: AVA, bytes }])
  let damaged = false
  const { engine, send } = await openLocalEngine({
    folder,
    definition,
    snapshots: (real) => ({
      load: async (shard, users) =>
        (await real.load(shard, users)).map((stored, index) =>
          damaged && users[index] === ALICE ? bytes : stored,
        ),
    }),
  })
  await send([act(ALICE)])
  // With a profile that is repaired, all that is hot is saved.
  expect(await rebuilt(engine, 0)).toMatchObject({ equal: 2, differing: 1 })
  damaged = true
  expect((await rebuilt(engine, 0)).samples).toEqual([
    { userId: ALICE, what: expect.arrayContaining(['as stored, spend: 2 instead of 13.5']) },
  ])
})

test('a user who acts while its stored profile is on its way is not taken for damaged', async () => {
  const folder = await savedFolder()
  const [asked, sent] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { engine, send } = await openLocalEngine({
    folder,
    definition,
    snapshots: (real) => ({
      load: async (shard, users) => {
        const stored = await real.load(shard, users)
        // The rebuild asks for all of them.
        if (users.length === 3) {
          asked.resolve()
          await sent.promise
        }
        return stored
      },
    }),
  })
  const ended = rebuilt(engine, 0)
  await asked.promise
  await send([act(ALICE)])
  sent.resolve()
  expect(await ended).toMatchObject({ state: 'done', users: 3, equal: 3, differing: 0 })
})

test('users are compared between two records, never in the middle of one', async () => {
  const folder = await savedFolder()
  const [half, compared] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const { engine, send } = await openLocalEngine({
    folder,
    definition,
    snapshots: (real) => ({
      load: async (shard, users) => {
        if (users.length === 1 && users[0] === AVA) {
          half.resolve()
          await compared.promise
        }
        return real.load(shard, users)
      },
    }),
  })
  await send([act(ALICE)])
  // Alice has it at once, Ava only when her profile has come.
  const sent = send([act(ALICE), act(AVA)])
  await half.promise
  const ended = rebuilt(engine, 0)
  await until(
    async () => (await engine.ask(REBUILD, { shard: 0 }).catch(() => undefined))?.progress === 0.5,
    () => 'the rebuild does not meet the shard',
  ).finally(() => compared.resolve())
  await sent
  expect(await ended).toMatchObject({ state: 'done', users: 3, equal: 3, differing: 0 })
})

test('a stored profile of a user that the log does not know is told of and left alone', async () => {
  const folder = await savedFolder()
  const [, , , stranger] = usersIn(0, 4) as [string, string, string, string]
  const bytes = await otherBytes(folder, ADAM)
  await damage(folder, SHARDS, [{ user: stranger, bytes }])
  const { engine, stop } = await openLocalEngine({ folder, definition })
  const view = await rebuilt(engine, 0)
  expect(view).toMatchObject({ users: 3, equal: 3, unlogged: 1 })
  expect(view.samples).toEqual([{ userId: stranger, what: ['no action of this user is in the log'] }])
  await stop()
  expect((await storedProfiles(folder, SHARDS)).get(stranger)).toEqual(bytes)
})

test('users who come and act while a rebuild runs are neither missed nor taken for strangers', async () => {
  const { engine, send } = await openLocalEngine({ definition, hotUsersMax: 40 })
  const users = usersIn(0, 400)
  await send(users.slice(0, 200).map((user) => act(user)))
  await engine.ask(START_REBUILD, { shard: 0 })
  for (let at = 0; at < users.length; at += 20) await send(users.slice(at, at + 20).map((user) => act(user)))
  expect(await rebuildEnded(engine, 0)).toMatchObject({
    state: 'done',
    differing: 0,
    missing: 0,
    unlogged: 0,
  })
  expect(await rebuilt(engine, 0)).toMatchObject({ users: 400, equal: 400, unlogged: 0 })
})

test('more users than fit into memory are rebuilt in several passes, while actions go on', async () => {
  const { engine, send } = await openLocalEngine({ definition, hotUsersMax: 5_000 })
  const users = usersIn(0, LIMITS.rebuildUsersMax + 1_000)
  for (let at = 0; at < users.length; at += 1_000)
    await send(users.slice(at, at + 1_000).map((user) => act(user)))
  await engine.ask(START_REBUILD, { shard: 0 })
  let sent = 0
  while ((await engine.ask(REBUILD, { shard: 0 })).state === 'running') {
    await send([act(users[sent++ % users.length]!)])
  }
  expect(await engine.ask(REBUILD, { shard: 0 })).toMatchObject({
    state: 'done',
    passes: 2,
    users: users.length,
    equal: users.length,
    unlogged: 0,
  })
  expect(sent).toBeGreaterThan(0)
})

test('one rebuild of a shard runs at a time, and before the first there is none', async () => {
  const { engine, send } = await openLocalEngine({ definition })
  await send([act(ALICE)])
  await expect(engine.ask(REBUILD, { shard: 0 })).rejects.toThrow(code('NO_REBUILD'))
  const [first, second] = await Promise.allSettled([
    engine.ask(START_REBUILD, { shard: 0 }),
    engine.ask(START_REBUILD, { shard: 0 }),
  ])
  expect(first).toMatchObject({ status: 'fulfilled', value: { state: 'running' } })
  expect(second).toEqual({ status: 'rejected', reason: code('REBUILD_RUNNING') })
  expect(await rebuildEnded(engine, 0)).toMatchObject({ state: 'done', users: 1 })
})

test('a log that does not reach back to its start rebuilds nothing, also where it is trimmed meanwhile', async () => {
  const folder = await savedFolder()
  await damage(folder, SHARDS, [{ user: ALICE, bytes: await otherBytes(folder, ADAM) }])
  const tails = [1, 2]
  let started = false
  const { engine } = await openLocalEngine({
    folder,
    definition,
    log: (real) => ({ tail: (shard) => (started ? (tails.shift() ?? 2) : real.tail(shard)) }),
  })
  started = true
  const view = await rebuilt(engine, 0)
  expect(view).toMatchObject({ state: 'failed', problem: expect.stringContaining('start'), users: 0 })
  expect((await engine.ask(PROFILE, { user: ALICE }))?.features).toEqual({ n: 2, spend: 2 })
  await expect(engine.ask(START_REBUILD, { shard: 0 })).rejects.toThrow(code('LOG_TRIMMED'))
})

test('an engine that stops, or loses its shard, ends a rebuild in the middle', async () => {
  const folder = await savedFolder()
  const holds = Promise.withResolvers<void>()
  const loads = Promise.withResolvers<void>()
  let held = false
  const { engine, stop } = await openLocalEngine({
    folder,
    definition,
    snapshots: (real) => ({
      load: async (shard, users) => {
        if (held) {
          loads.resolve()
          await holds.promise
        }
        return real.load(shard, users)
      },
    }),
  })
  held = true
  await engine.ask(START_REBUILD, { shard: 0 })
  await loads.promise
  const stopped = stop()
  holds.resolve()
  await stopped
  const view = await engine.ask(REBUILD, { shard: 0 })
  expect(view).toMatchObject({ state: 'failed', problem: expect.stringContaining('no longer run here') })
  expect(view.endedAt).toBeDefined()
})
