import { expect, test } from 'vitest'
import { ClusterQuestions, type ClusterQuestionsDeps } from '../../../actors/cluster/cluster-questions.ts'
import { PulseprintError } from '../../../src/errors.ts'
import { LIMITS } from '../../../src/limits.ts'
import type { ActionLog } from '../../../src/log/action-log.ts'
import { SHARD_STATUS } from '../../../src/questions/shard-status.ts'
import { type Clock, SimulatedClock } from '../../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../../src/snapshots/snapshot-store.ts'
import type { LogLine } from '../../support/api.ts'
import { definitionOf, openLocalEngine, usersIn } from '../../support/local-engine.ts'
import { until } from '../../support/until.ts'

const [ALICE] = usersIn(0, 1) as [string]
const [BOB] = usersIn(1, 1) as [string]
const act = (userId: string) => ({ userId, action: 'a' })
const away = () => Promise.reject(new PulseprintError('STORAGE_UNAVAILABLE', 'it is away'))
const told = (lines: readonly LogLine[]) => lines.map(({ level, message }) => `${level} ${message}`)

test('a log that takes no writes is counted each time, and told of once when it begins and once when it ends', async () => {
  let refusing = true
  let refused = 0
  const { send, logged } = await openLocalEngine({
    observer: { refused: () => refused++ },
    log: (real) => ({ append: (entries) => (refusing ? away() : real.append(entries)) }),
  })
  for (const user of [ALICE, BOB, ALICE]) {
    await expect(send([act(user)])).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
  }
  expect([refused, told(logged)]).toEqual([3, ['warn the log takes no writes']])
  refusing = false
  await send([act(ALICE)])
  expect(logged).toHaveLength(1)
  await send([act(BOB), act(ALICE)])
  expect([refused, told(logged)]).toEqual([
    3,
    ['warn the log takes no writes', 'info the log takes writes again'],
  ])
})

test('saves that fail are counted each time, and told of once when that begins and once when it ends', async () => {
  const clock = new SimulatedClock(Date.now())
  let refusing = true
  let unsaved = 0
  const { send, logged } = await openLocalEngine({
    clock,
    observer: { unsaved: () => unsaved++ },
    snapshots: (real) => ({
      commit: (shard, commit) => (refusing ? away() : real.commit(shard, commit)),
    }),
  })
  await send([act(ALICE), act(BOB)])
  const passes = (condition: () => boolean, what: string) =>
    until(
      () => {
        clock.advance(LIMITS.checkpointIntervalMs)
        return condition()
      },
      () => what,
    )
  await passes(() => unsaved >= 4, 'no save has failed')
  expect(told(logged)).toEqual(['warn profiles could not be saved'])
  refusing = false
  await passes(() => logged.length > 1, 'nobody was told that profiles are saved again')
  expect(told(logged)).toEqual(['warn profiles could not be saved', 'info profiles are saved again'])
})

/** What comes of it while time passes. */
async function inTime<T>(clock: SimulatedClock, promise: Promise<T>): Promise<T> {
  let result: { value: T } | undefined
  void promise.then((value) => {
    result = { value }
  })
  await until(
    () => {
      clock.advance(50)
      return result
    },
    () => 'there is no answer',
  )
  return result!.value
}

test('shards are shown without head and lag while the log does not answer', async () => {
  const clock = new SimulatedClock(Date.now())
  let silent = false
  const { engine, send } = await openLocalEngine({
    clock,
    log: (real) => ({ head: (shard) => (silent ? new Promise(() => {}) : real.head(shard)) }),
  })
  const { sequences } = await send([act(ALICE)])
  silent = true
  const began = clock.now()
  const shards = await inTime(clock, engine.ask(SHARD_STATUS, {}))
  silent = false
  expect(shards).toMatchObject([
    { shard: 0, owner: 'local', epoch: 1, head: null, applied: sequences[0], lag: null, hotUsers: 1 },
    { shard: 1, head: null, applied: 0, lag: null },
  ])
  expect(clock.now() - began).toBeLessThanOrEqual(1_000)
  expect((await engine.ask(SHARD_STATUS, {}))[0]).toMatchObject({ head: sequences[0], lag: 0 })
})

test('a node shows all shards of the cluster while neither the log nor the other nodes answer', async () => {
  const clock = new SimulatedClock(0)
  const own = {
    shard: 0,
    owner: 'self',
    epoch: 4,
    head: null,
    applied: 9,
    committed: 7,
    lag: null,
    hotUsers: 2,
  }
  const other = { node: 'other', instance: 'o', epoch: 6 }
  const local = {
    definition: definitionOf('{ n: { aggregate: count } }'),
    shards: 2,
    parts: async () => [{ shard: 0, epoch: 4, part: own }],
  }
  const questions = new ClusterQuestions({
    local: local as Partial<Local> as Local,
    ownership: ownershipOf(other),
    membership: membershipOf(other),
    links: { call: (_instance, _method, waitMs) => lateAnswer(clock, waitMs) },
    owners: {} as ClusterQuestionsDeps['owners'],
    log: { head: () => new Promise(() => {}) } as Partial<ActionLog> as ActionLog,
    snapshots: {
      checkpoint: async () => ({ epoch: 5, offset: 8 }),
    } as Partial<SnapshotStore> as SnapshotStore,
    clock,
  })
  const shards = await inTime(clock, questions.ask(SHARD_STATUS, {}))
  expect(shards).toEqual([
    own,
    { shard: 1, owner: 'other', epoch: 6, head: null, applied: 8, committed: 8, lag: null, hotUsers: 0 },
  ])
  expect(clock.now()).toBeLessThanOrEqual(1_000)
})

type Local = ClusterQuestionsDeps['local']
interface Owner {
  node: string
  instance: string
  epoch: number
}

function ownershipOf(owner: Owner): ClusterQuestionsDeps['ownership'] {
  const self = { node: 'self', instance: 's' }
  return { self, ownerOf: () => owner } as Partial<
    ClusterQuestionsDeps['ownership']
  > as ClusterQuestionsDeps['ownership']
}

function membershipOf(member: Owner): ClusterQuestionsDeps['membership'] {
  return { others: [member], of: () => member } as unknown as ClusterQuestionsDeps['membership']
}

function lateAnswer(clock: Clock, waitMs: number): Promise<never> {
  return new Promise((_, reject) => clock.after(waitMs, () => reject(new Error('no answer'))))
}
