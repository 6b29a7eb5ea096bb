// How the checks reach what the nodes have stored: on connections of their own, past the links that
// break.
import type { NatsConnection } from '@nats-io/transport-node'
import { connectNats } from '../../src/adapters/nats/connection/nats-connection.ts'
import { RedisSnapshotStore } from '../../src/adapters/redis/redis-snapshot-store.ts'
import { HASH_VERSION } from '../../src/model/hash.ts'
import type { StoreIdentity } from '../../src/model/store-identity.ts'
import type { Logger } from '../../src/runtime/logger.ts'
import { PREFIX, SHARDS, type Topology } from './topology.ts'

/** That of the stores of this version. */
export const identity: StoreIdentity = { format: 1, shards: SHARDS, hashVersion: HASH_VERSION }

export const quietLogger: Logger = { info() {}, warn() {}, error() {} }

export function connectToNats({ nats }: Topology): Promise<NatsConnection> {
  return connectNats(
    nats.map(({ port }) => `127.0.0.1:${port}`),
    'faults',
    quietLogger,
  )
}

export function openSnapshots({ redis }: Topology): Promise<RedisSnapshotStore> {
  return RedisSnapshotStore.open(`redis://${redis.address}`, identity, PREFIX)
}
