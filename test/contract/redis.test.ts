// The snapshot store under its contract on a real Redis and on a real Redis Cluster.
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll } from 'vitest'
import { RedisSnapshotStore } from '../../src/adapters/redis/redis-snapshot-store.ts'
import {
  type RunningRedis,
  type RunningRedisCluster,
  startRedis,
  startRedisCluster,
} from '../support/servers.ts'
import { snapshotStoreContract } from './snapshot-store.contract.ts'

const identity = { format: 1, shards: 4, hashVersion: 1 }

let redis: RunningRedis
let cluster: RunningRedisCluster
beforeAll(async () => {
  redis = await startRedis()
  cluster = await startRedisCluster()
})
afterAll(async () => {
  await redis?.stop()
  await cluster?.stop()
})

// A place is a prefix of keys: one server has room for all.
snapshotStoreContract('Redis', randomUUID, (place) => RedisSnapshotStore.open(redis.url, identity, place))
snapshotStoreContract('Redis Cluster', randomUUID, (place) =>
  RedisSnapshotStore.open(cluster.urls, identity, place),
)
snapshotStoreContract('Redis Cluster, found by one of its nodes', randomUUID, (place) =>
  RedisSnapshotStore.open(cluster.masters[1]!.url, identity, place),
)
