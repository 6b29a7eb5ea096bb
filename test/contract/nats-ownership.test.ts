// Ownership over NATS, against a real server.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import { NatsMembership } from '../../src/adapters/nats/cluster/nats-membership.ts'
import { NatsShardOwnership } from '../../src/adapters/nats/cluster/nats-shard-ownership.ts'
import type { Beat } from '../../src/ownership/membership.ts'
import { recordingLogger } from '../support/api.ts'
import { type NatsServers, startNats } from '../support/nats.ts'
import { connectTo, identity, newPrefix } from '../support/nats-stores.ts'
import { until } from '../support/until.ts'
import { shardOwnershipContract } from './shard-ownership.contract.ts'

let nats: NatsServers
beforeAll(async () => {
  nats = await startNats()
})
afterAll(() => nats?.stop())

async function open(prefix: string, node = 'n'): Promise<NatsShardOwnership> {
  const self = { node, instance: randomUUID() }
  const options = { prefix, replicas: 1 }
  const ownership = await NatsShardOwnership.open(
    await connectTo(nats),
    identity,
    options,
    self,
    recordingLogger([]),
  )
  onTestFinished(() => ownership.close())
  return ownership
}

shardOwnershipContract('NATS', () => open(newPrefix()))

test('of two nodes that claim a shard at once, one is told that it is not the owner', async () => {
  const prefix = newPrefix()
  const [one, other] = [await open(prefix, 'a'), await open(prefix, 'b')]
  const claims = await Promise.allSettled([one.claim(2, 0), other.claim(2, 0)])
  const refused = claims.filter((claim) => claim.status === 'rejected')
  expect(refused).toHaveLength(1)
  expect(refused[0]!.reason).toMatchObject({ code: 'NOT_OWNER' })
  await until(
    () => one.ownerOf(2)?.instance === other.ownerOf(2)?.instance,
    () => 'the nodes do not agree',
  )
})

test('the next claim of a node that was told of another owner goes above its epoch', async () => {
  const prefix = newPrefix()
  const [one, other] = [await open(prefix, 'a'), await open(prefix, 'b')]
  const first = await one.claim(0, 6)
  await until(
    () => other.ownerOf(0)?.epoch === first,
    () => 'the nodes do not agree',
  )
  expect(await other.claim(0, 0)).toBe(first + 1)
})

test('a node that comes later knows all owners from the start', async () => {
  const prefix = newPrefix()
  const first = await open(prefix, 'a')
  for (let shard = 0; shard < identity.shards; shard++) await first.claim(shard, 0)
  await first.claim(1, 0)
  const later = await open(prefix, 'b')
  expect([0, 1, 2, 3].map((shard) => later.ownerOf(shard)?.epoch)).toEqual([1, 2, 1, 1])
})

test('another number of shards is refused', async () => {
  const prefix = newPrefix()
  await open(prefix)
  const opened = NatsShardOwnership.open(
    await connectTo(nats),
    { ...identity, shards: 5 },
    { prefix, replicas: 1 },
    { node: 'x', instance: 'x' },
    recordingLogger([]),
  )
  await expect(opened).rejects.toMatchObject({ code: 'STORE_MISMATCH' })
})

async function join(prefix: string, node: string, state: () => Beat['state'] = () => 'serving') {
  const instance = randomUUID()
  const self = () => ({ node, instance, state: state(), fingerprint: 'f' })
  const membership = new NatsMembership(
    await connectTo(nats),
    prefix,
    self,
    async () => {},
    recordingLogger([]),
  )
  onTestFinished(() => membership.close())
  return { membership, instance }
}

test('members see each other, and what the others say of themselves', async () => {
  const prefix = newPrefix()
  let state: Beat['state'] = 'joining'
  const [a, b] = [await join(prefix, 'a', () => state), await join(prefix, 'b')]
  await until(
    () => b.membership.of(a.instance)?.state === 'joining',
    () => 'the nodes do not agree',
  )
  let told = 0
  b.membership.onChanged(() => told++)
  state = 'serving'
  a.membership.beat()
  await until(
    () => b.membership.of(a.instance)?.state === 'serving',
    () => 'the nodes do not agree',
  )
  expect(told).toBe(1)
  await until(
    () => a.membership.others.length === 1,
    () => 'the nodes do not agree',
  )
})

test('a member is heard once its own first heartbeat has come back, and not before', async () => {
  const { membership } = await join(newPrefix(), 'a')
  expect([membership.isHeard, membership.heardMs]).toEqual([false, 0])
  await until(
    () => membership.heardMs > 0,
    () => 'the node does not hear itself',
  )
  expect(membership.isHeard).toBe(true)
})

test('a member that says goodbye is gone at once, and one that falls silent after a while', async () => {
  const prefix = newPrefix()
  const [a, b, c] = [await join(prefix, 'a'), await join(prefix, 'b'), await join(prefix, 'c')]
  await until(
    () => c.membership.others.length === 2,
    () => 'the nodes do not agree',
  )
  const lost: string[] = []
  c.membership.onLost((instance) => lost.push(instance))
  await a.membership.close()
  await until(
    () => c.membership.others.length === 1,
    () => 'the nodes do not agree',
  )
  expect(lost).toEqual([a.instance])
  Object.defineProperty(b.membership, 'beat', { value: () => {} })
  await until(
    () => c.membership.others.length === 0,
    () => 'the nodes do not agree',
  )
  expect(lost).toEqual([a.instance, b.instance])
})

test('nobody is taken for dead while NATS itself is away', async () => {
  const own = await startNats()
  onTestFinished(() => own.stop())
  const prefix = newPrefix()
  const opened = async (node: string) => {
    const instance = randomUUID()
    const self = () => ({ node, instance, state: 'serving' as const, fingerprint: 'f' })
    const membership = new NatsMembership(
      await connectTo(own),
      prefix,
      self,
      async () => {},
      recordingLogger([]),
    )
    onTestFinished(() => membership.close())
    return membership
  }
  const [a, b] = [await opened('a'), await opened('b')]
  await until(
    () => a.others.length === 1 && b.others.length === 1,
    () => 'the nodes do not agree',
  )
  const connections = a.others[0]!.connections
  let changed = 0
  a.onChanged(() => changed++)
  await own.servers[0]!.kill()
  await until(
    () => !a.isHeard && !b.isHeard,
    () => 'the nodes do not agree',
  )
  expect(a.heardMs).toBe(0)
  const silentSince = performance.now()
  await until(
    () => performance.now() - silentSince > 2_000,
    () => 'the nodes do not agree',
  )
  await own.servers[0]!.start()
  await until(
    () => a.isHeard && (a.others[0]?.connections ?? 0) > connections,
    () => 'the nodes do not agree',
  )
  expect(changed).toBe(0)
})
