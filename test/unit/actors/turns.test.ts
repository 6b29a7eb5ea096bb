import { setImmediate as nextTurn } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { OUTCOME } from '../../../src/ingest/batch.ts'
import { buildBatch } from '../../../src/ingest/build-batch.ts'
import { LIMITS } from '../../../src/limits.ts'
import { PROFILE } from '../../../src/questions/profile.ts'
import { SHARD_STATUS } from '../../../src/questions/shard-status.ts'
import { SimulatedClock } from '../../../src/runtime/clock.ts'
import { definitionOf, openLocalEngine, SHARDS, usersIn } from '../../support/local-engine.ts'
import { until } from '../../support/until.ts'

const [ALICE, ADAM, AVA] = usersIn(0, 3) as [string, string, string]
const [BOB] = usersIn(1, 1) as [string]
const act = (userId: string, more: object = {}) => ({ userId, action: 'a', ...more })
const code = (expected: string) => expect.objectContaining({ code: expected })

/** Holds calls back until it is opened. */
function gate() {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

test('actions of one user are applied in the order they were acknowledged, hot or cold', async () => {
  const definition = definitionOf('{ latest: { aggregate: last, of: properties.n } }')
  const { engine, send } = await openLocalEngine({ definition, hotUsersMax: SHARDS })
  const occurredAt = Date.now()
  const sent = Array.from({ length: 60 }, (_, n) =>
    send([act(ALICE, { occurredAt, properties: { n } }), act(usersIn(0, 9)[n % 9]!)]),
  )
  await Promise.all(sent)
  // Of equal instants the one accepted last is the last.
  expect((await engine.ask(PROFILE, { user: ALICE }))?.features).toEqual({ latest: 59 })
})

test('a duplicate is told apart from its first, within a request and over requests', async () => {
  const { send, count } = await openLocalEngine()
  const { outcomes } = await send([act(ALICE, { id: 'i' }), act(ALICE, { id: 'i' }), act(ADAM, { id: 'i' })])
  expect(outcomes).toEqual([[OUTCOME.accepted, OUTCOME.duplicate, OUTCOME.accepted]])
  expect((await send([act(ALICE, { id: 'i' })])).outcomes).toEqual([[OUTCOME.duplicate]])
  expect(await count(ALICE)).toBe(1)
})

test('a mailbox is bounded: readers past it are told to come back, the action before them is applied', async () => {
  const { open, opened } = gate()
  const { engine, send, count } = await openLocalEngine({
    snapshots: (real) => ({ load: (shard, users) => opened.then(() => real.load(shard, users)) }),
  })
  await send([act(ALICE)], 'durable')
  await until(
    async () => (await engine.ask(SHARD_STATUS, {}))[0]!.hotUsers === 1,
    () => 'the user never became hot',
  )
  const reads = Array.from({ length: LIMITS.mailboxLengthMax + 10 }, () => count(ALICE))
  const settled = Promise.allSettled(reads)
  await nextTurn()
  open()
  const results = await settled
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused.length).toBeGreaterThanOrEqual(10)
  for (const { reason } of refused) expect(reason).toEqual(code('OVERLOADED'))
  for (const result of results) if (result.status === 'fulfilled') expect(result.value).toBe(1)
})

test('readers who fill a mailbox keep no action out of it', async () => {
  const { open, opened } = gate()
  const { engine, send, count } = await openLocalEngine({
    snapshots: (real) => ({ load: (shard, users) => opened.then(() => real.load(shard, users)) }),
  })
  await send([act(ALICE)], 'durable')
  await until(
    async () => (await engine.ask(SHARD_STATUS, {}))[0]!.hotUsers === 1,
    () => 'the user never became hot',
  )
  let reading = true
  // As one is answered the next comes, so that the mailbox is full when the second record reaches
  // it.
  const reader = async () => {
    while (reading) await count(ALICE).catch(() => nextTurn())
  }
  const readers = Array.from({ length: LIMITS.mailboxLengthMax + 10 }, reader)
  await nextTurn()
  open()
  await send([act(ALICE)])
  reading = false
  await Promise.all(readers)
  expect(engine.notReady()).toBeUndefined()
  expect(await count(ALICE)).toBe(2)
})

test('a shard that stands still takes no outcomes from those that go on', async () => {
  const { open, opened } = gate()
  const { send } = await openLocalEngine({
    snapshots: (real) => ({
      load: async (shard, users) => {
        if (shard === 0) await opened
        return real.load(shard, users)
      },
    }),
  })
  const waiting = send([act(BOB), act(ALICE)])
  // More records than a shard remembers the outcomes of.
  for (let record = 0; record < 200; record++) await send([act(BOB)])
  open()
  expect((await waiting).outcomes).toEqual([[OUTCOME.accepted], [OUTCOME.accepted]])
})

test('too many bytes on their way to the log: refused, and nothing of the request is taken', async () => {
  const { open, opened } = gate()
  const { engine, send, count } = await openLocalEngine({
    log: (real) => ({ append: (entries) => opened.then(() => real.append(entries)) }),
  })
  const big = () => act(ADAM, { properties: { pad: 'x'.repeat(30_000) } })
  const waiting: Promise<unknown>[] = []
  const batch = Array.from({ length: 200 }, big)
  const fits = Math.floor(LIMITS.appendQueueBytesMax / (200 * 30_100))
  for (let index = 0; index <= fits; index++) waiting.push(send(batch))
  await expect(send([...batch, act(ALICE)])).rejects.toThrow(code('OVERLOADED'))
  // Another thread has let this one in, and has taken its own part of it.
  const { chunks } = buildBatch(engine.definition, SHARDS, [act(AVA)], Date.now())
  waiting.push(engine.take(chunks, 'applied'))
  open()
  await Promise.all(waiting)
  expect(await count(ALICE)).toBeUndefined()
  expect(await count(ADAM)).toBe((fits + 1) * 200)
  expect(await count(AVA)).toBe(1)
})

test('too many actions wait to be applied: refused until they are', async () => {
  const { open, opened } = gate()
  const { send, engine, count } = await openLocalEngine({
    snapshots: (real) => ({ load: (shard, users) => opened.then(() => real.load(shard, users)) }),
  })
  const batch = Array.from({ length: 50_000 }, () => ({ userId: ADAM, action: 'a' }))
  for (let left = LIMITS.unappliedActionsMax + 1; left > 0; left -= batch.length) await send(batch, 'durable')
  await expect(send([act(ALICE)], 'durable')).rejects.toThrow(code('OVERLOADED'))
  open()
  await until(
    () => engine.overload() === undefined,
    () => 'it still refuses',
  )
  await send([act(ALICE)])
  expect(await count(ALICE)).toBe(1)
})

test('a read waits for minSequence: answered when it is applied, NOT_YET_APPLIED after the bound', async () => {
  const clock = new SimulatedClock(Date.now())
  const { open, opened } = gate()
  const { send, count } = await openLocalEngine({
    clock,
    snapshots: (real) => ({ load: (shard, users) => opened.then(() => real.load(shard, users)) }),
  })
  const { sequences } = await send([act(ALICE)], 'durable')
  const impatient = count(ALICE, sequences[0])
  const refused = expect(impatient).rejects.toThrow(code('NOT_YET_APPLIED'))
  await nextTurn()
  clock.advance(LIMITS.readWaitMs)
  await refused
  const patient = count(ALICE, sequences[0])
  open()
  expect(await patient).toBe(1)
})

test('a cold read states no sequence that its profile may not cover', async () => {
  const first = await openLocalEngine()
  await first.send([act(ALICE)])
  await first.stop()
  const { open, opened } = gate()
  let hold = true
  const { engine, send } = await openLocalEngine({
    folder: first.folder,
    snapshots: (real) => ({
      load: async (shard, users) => {
        const loaded = await real.load(shard, users)
        if (!hold) return loaded
        hold = false
        await opened
        return loaded
      },
    }),
  })
  const reading = engine.ask(PROFILE, { user: ALICE })
  await until(
    () => !hold,
    () => 'the profile was never asked for',
  )
  const { sequences } = await send([act(ALICE)])
  open()
  const { features, asOf } = (await reading)!
  expect(features).toEqual({ n: 1 })
  expect(asOf.sequence).toBeLessThan(sequences[0]!)
})

test('who waits for `applied` is told in time when it does not come, and counts once when sending again', async () => {
  const { open, opened } = gate()
  const clock = new SimulatedClock(Date.now())
  const { engine, send, count } = await openLocalEngine({
    clock,
    snapshots: (real) => ({ load: (shard, users) => opened.then(() => real.load(shard, users)) }),
  })
  const sent = send([act(ALICE, { id: 'i' })])
  await until(
    async () => (await engine.ask(SHARD_STATUS, {}))[0]!.head === 1,
    () => 'the action never became durable',
  )
  await nextTurn()
  clock.advance(LIMITS.applyWaitMs)
  await expect(sent).rejects.toEqual(code('NOT_YET_APPLIED'))
  open()
  expect((await send([act(ALICE, { id: 'i' })])).outcomes).toEqual([[OUTCOME.duplicate]])
  expect(await count(ALICE)).toBe(1)
})
