// The stores of a cluster, on NATS JetStream and Redis, and warnings for the operator about their
// durability.
import type { NatsConnection } from '@nats-io/transport-node'
import { connectNatsUrls } from '../adapters/nats/connection/nats-connection.ts'
import { durabilityWarnings } from '../adapters/nats/connection/nats-durability.ts'
import { JetStreamActionLog } from '../adapters/nats/log/jetstream-action-log.ts'
import { JetStreamStreamStore } from '../adapters/nats/streams/jetstream-stream-store.ts'
import { RedisSnapshotStore } from '../adapters/redis/redis-snapshot-store.ts'
import { type StoreIdentity, storeIdentity } from '../model/store-identity.ts'
import { closeInReverse } from '../runtime/closers.ts'
import type { Logger } from '../runtime/logger.ts'
import type { ClusterSettings } from './settings/cluster-settings.ts'
import type { Stores } from './stores.ts'

export interface ClusterStores extends Stores {
  connection: NatsConnection
  identity: StoreIdentity
}

/** Connects, and opens or creates the stores. Errors: STORAGE_UNAVAILABLE, STORE_MISMATCH. */
export async function openClusterStores(
  { shards }: { shards: number },
  {
    natsUrls,
    natsMonitorUrls,
    redisUrls,
    node,
    prefix,
    replicas,
    logStreams,
    streamBytesMax,
  }: ClusterSettings,
  logger: Logger,
): Promise<ClusterStores> {
  const identity = storeIdentity(shards)
  const connection = await connectNatsUrls(natsUrls, node, logger)
  const closers: (() => unknown)[] = [() => connection.close()]
  const close = () => closeInReverse(closers, logger)
  try {
    const snapshots = await RedisSnapshotStore.open(redisUrls, identity, prefix, logger)
    closers.push(() => snapshots.close())
    const logOptions = { prefix, streams: logStreams, replicas, streamBytesMax }
    const log = await JetStreamActionLog.open(connection, identity, logOptions, logger)
    closers.push(() => log.close())
    const streams = await JetStreamStreamStore.open(
      connection,
      identity,
      { prefix, replicas, streamBytesMax },
      logger,
    )
    closers.push(() => streams.close())
    const warnings = [...(await durabilityWarnings(natsMonitorUrls)), ...(await snapshots.warnings())]
    for (const warning of warnings) logger.warn(warning)
    // A store that fills up or fails says so when it is written to.
    return { connection, identity, log, snapshots, streams, problem: () => undefined, close }
  } catch (error) {
    await close()
    throw error
  }
}
