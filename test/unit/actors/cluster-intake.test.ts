import { expect, test } from 'vitest'
import { ClusterIntake } from '../../../actors/cluster/cluster-intake.ts'
import type { ErrorCode } from '../../../src/errors.ts'
import type { Chunk } from '../../../src/ingest/batch.ts'
import { FakeCluster, failure, SELF } from '../../support/fake-cluster.ts'

function chunkOf(shard: number): Chunk {
  return { shard, count: 1, bytes: new Uint8Array([shard]), actions: [] }
}

/** Shards 0 and 1 are run here, 2 and 3 by another node. */
function cluster(): { fake: FakeCluster; take: (...shards: number[]) => ReturnType<ClusterIntake['take']> } {
  const fake = new FakeCluster()
  fake.living.add('other').add('third')
  for (const [shard, owner] of [SELF, SELF, 'other', 'other'].entries()) fake.owners.set(shard, owner)
  const intake = new ClusterIntake(fake.intakeParts)
  return { fake, take: (...shards) => intake.take(shards.map(chunkOf), 'applied') }
}

/** Fails the first so many attempts at the instance. */
function failing(fake: FakeCluster, at: string, code: ErrorCode, times: number): void {
  let left = times
  fake.meddle = (instance) => {
    if (instance === at && left-- > 0) throw failure(code)
  }
}

test('each owner is sent its part in one call, and the answers come back in the order of the request', async () => {
  const { fake, take } = cluster()
  const { sequences } = await take(3, 0, 2, 1)
  expect(sequences).toEqual([103, 100, 102, 101])
  expect(fake.taken).toEqual(
    expect.arrayContaining([
      { instance: SELF, shards: [0, 1] },
      { instance: 'other', shards: [3, 2] },
    ]),
  )
  expect(fake.taken.length).toBe(2)
  // Decoded actions stay here: what is sent is what the log keeps.
  expect(fake.asked[0]!.parameters[0]).toEqual(
    [3, 2].map((shard) => ({ shard, count: 1, bytes: new Uint8Array([shard]) })),
  )
})

test.for(['PEER_LOST', 'NOT_OWNER'] as const)(
  'a part whose owner answers %s goes to the next one, and only that part',
  async (code) => {
    const { fake, take } = cluster()
    fake.meddle = (instance) => {
      if (instance !== 'other') return
      fake.owners.set(2, 'third')
      fake.owners.set(3, SELF)
      throw failure(code)
    }
    expect((await take(0, 2, 3)).sequences).toEqual([100, 102, 103])
    expect(fake.taken.map(({ instance, shards }) => `${instance} ${shards}`).toSorted()).toEqual([
      'self 0',
      'self 3',
      'third 2',
    ])
  },
)

test('a request of which nothing is taken is refused as a whole', async () => {
  const { fake, take } = cluster()
  failing(fake, 'other', 'OVERLOADED', 1)
  await expect(take(2, 3)).rejects.toMatchObject({ code: 'OVERLOADED' })
  expect(fake.taken).toEqual([])
})

test('once a part is taken, or may be, the others are tried again where they are refused', async () => {
  const { fake, take } = cluster()
  failing(fake, 'other', 'OVERLOADED', 3)
  expect((await take(0, 2)).sequences).toEqual([100, 102])
  expect(fake.taken.length).toBe(2)
  const codes: ErrorCode[] = ['PEER_LOST', 'OVERLOADED', 'NOT_READY']
  fake.meddle = () => {
    const code = codes.shift()
    if (code) throw failure(code)
  }
  expect((await take(2)).sequences).toEqual([102])
  expect(codes).toEqual([])
})

test('what the log refuses is told at once, whatever the others took', async () => {
  const { fake, take } = cluster()
  failing(fake, 'other', 'STORAGE_UNAVAILABLE', 1)
  await expect(take(0, 2)).rejects.toMatchObject({ code: 'STORAGE_UNAVAILABLE' })
})

test('a shard without an owner is waited for', async () => {
  const { fake, take } = cluster()
  fake.living.delete('other')
  const taken = take(0, 2)
  await expect.poll(() => fake.taken.length).toBe(1)
  fake.owners.set(2, SELF)
  expect((await taken).sequences).toEqual([100, 102])
  expect(fake.taken.length).toBe(2)
})

test('a node that does not hear itself takes nothing for its own shards', async () => {
  const { fake, take } = cluster()
  fake.isHeard = false
  const taken = take(0)
  fake.living.add('third')
  fake.owners.set(0, 'third')
  await taken
  expect(fake.taken).toEqual([{ instance: 'third', shards: [0] }])
})

test('a part with more of one user than ids are surely remembered is not sent twice', async () => {
  const { fake } = cluster()
  const intake = new ClusterIntake(fake.intakeParts)
  const actionOf = (user: string) => ({ id: user, user, action: 'a', occurredAt: 0, properties: {} })
  const partOf = (users: readonly string[]): Chunk => ({
    shard: 2,
    count: users.length,
    bytes: new Uint8Array(),
    actions: users.map(actionOf),
  })
  failing(fake, 'other', 'PEER_LOST', 1)
  const one = partOf(new Array(600).fill('u'))
  await expect(intake.take([one], 'applied')).rejects.toMatchObject({ code: 'OWNER_UNREACHABLE' })
  failing(fake, 'other', 'PEER_LOST', 1)
  const many = partOf(Array.from({ length: 600 }, (_, index) => `u${index}`))
  expect((await intake.take([many], 'applied')).sequences).toEqual([102])
})

test.for(['NOT_YET_APPLIED', 'STORAGE_UNAVAILABLE'] as const)(
  'a refused part beside one that answers %s is not told as if nothing had been taken',
  async (code) => {
    const { fake, take } = cluster()
    fake.meddle = (instance) => {
      throw failure(instance === SELF ? 'OVERLOADED' : code)
    }
    await expect(take(0, 2)).rejects.toMatchObject({ code })
  },
)
