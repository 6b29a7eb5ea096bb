// One node of a cluster put together: NATS and Redis → membership and ownership → local engine →
// the whole engine → API.
import { randomUUID } from 'node:crypto'
import { jetstreamManager } from '@nats-io/jetstream'
import { Registry } from 'prom-client'
import { ClusterEngine, handlersOf } from '../../actors/cluster/cluster-engine.ts'
import { LocalEngine } from '../../actors/engine/local-engine.ts'
import { createApp } from '../../api/app.ts'
import { NatsMembership } from '../adapters/nats/cluster/nats-membership.ts'
import { NatsShardOwnership } from '../adapters/nats/cluster/nats-shard-ownership.ts'
import { NatsClock } from '../adapters/nats/connection/nats-clock.ts'
import { endWithConnection, maskedNatsUrls } from '../adapters/nats/connection/nats-connection.ts'
import { NatsRpc } from '../adapters/nats/rpc/nats-rpc.ts'
import { maskedRedisUrls } from '../adapters/redis/redis-connection.ts'
import { admit } from '../ownership/admission.ts'
import type { Beat } from '../ownership/membership.ts'
import { ShardKeeper } from '../ownership/shard-keeper.ts'
import { systemClock } from '../runtime/clock.ts'
import { closeInReverse } from '../runtime/closers.ts'
import { createClusterMetrics } from '../runtime/cluster-metrics.ts'
import { within } from '../runtime/deadline.ts'
import { consoleLogger } from '../runtime/logger.ts'
import { createObserver } from '../runtime/metrics.ts'
import { rebuildIfRedefined } from '../snapshots/rebuild.ts'
import { type ClusterStores, openClusterStores } from './cluster-stores.ts'
import { showEngine } from './engine-gauges.ts'
import { closeApi } from './listening.ts'
import type { RunningServer } from './running-server.ts'
import type { ClusterSettings } from './settings/cluster-settings.ts'
import type { Configuration } from './settings/configuration-files.ts'
import type { Settings } from './settings/settings.ts'

/** How long a stopping node tries to hand its shards over. */
const LEAVE_WAIT_MS = 20_000

/**
 * Starts this node and its API. Errors: STORAGE_UNAVAILABLE, STORE_MISMATCH, DEFINITION_MISMATCH,
 * NODE_NAME_IN_USE, CLOCK_SKEW, and those of listening.
 */
export async function startClusterNode(
  settings: Settings,
  cluster: ClusterSettings,
  configuration: Configuration,
): Promise<RunningServer> {
  const closers: (() => unknown)[] = []
  const closeAll = () => closeInReverse(closers, consoleLogger)
  try {
    return await start(settings, cluster, configuration, closers, closeAll)
  } catch (error) {
    await closeAll()
    throw error
  }
}

async function start(
  settings: Settings,
  cluster: ClusterSettings,
  { definition, keys }: Configuration,
  closers: (() => unknown)[],
  closeAll: () => Promise<void>,
): Promise<RunningServer> {
  const { shards } = settings
  const { prefix, replicas } = cluster
  const logger = consoleLogger
  const self = { node: cluster.node, instance: randomUUID() }
  const stores = await openClusterStores(settings, cluster, logger)
  closers.push(() => stores.close())
  const { connection, identity } = stores
  void endWithConnection(connection, logger)
  const ownership = await NatsShardOwnership.open(connection, identity, { prefix, replicas }, self, logger)
  closers.push(() => ownership.close())
  const manager = await jetstreamManager(connection, { checkAPI: false })
  const clock = await NatsClock.start(manager, ownership.stream, logger)
  closers.push(() => clock.stop())

  const { fingerprint } = definition
  let refusal: () => Pick<Beat, 'refusal'> = () => ({})
  let state: () => Beat['state'] = () => 'joining'
  const membership = new NatsMembership(
    connection,
    prefix,
    () => ({ ...self, state: state(), fingerprint, ...refusal() }),
    () => ownership.catchUp(),
    logger,
  )
  closers.push(() => membership.close())
  await admit({ ...self, fingerprint }, membership)
  state = () => 'admitted'
  membership.beat()
  await rebuildIfRedefined(definition, shards, stores, logger)

  const registry = new Registry()
  const local = new LocalEngine({
    ...stores,
    definition,
    shards,
    node: self.node,
    clock,
    logger,
    observer: createObserver(registry),
    hotUsersMax: settings.hotUsersMax,
    keep: settings.keep,
    storageProblem: () => undefined,
  })
  closers.push(() => local.stop())
  const { takenOver } = createClusterMetrics(registry, () => membership.others.length + 1)
  const onTakeover = (_: number, cause: string, tookMs: number) => takenOver(cause, tookMs)
  const keeper = new ShardKeeper({ shards, host: local, membership, ownership, clock, logger, onTakeover })
  state = () => keeper.state
  refusal = () => {
    const error = local.overload()
    return error ? { refusal: { code: error.code, message: error.message } } : {}
  }
  const links = new NatsRpc(connection, prefix, self.instance, handlersOf(local, membership), logger)
  closers.push(() => links.close())
  membership.onLost((instance) => links.lost(instance))
  // This node must listen before it tells others that it is there.
  await connection.flush()

  const engine = engineOf(local, { ownership, membership, keeper, links }, stores, clock)
  // The health of its own shards, and whether the node is ready as one of many.
  showEngine(registry, { ask: local.ask.bind(local), notReady: () => engine.notReady() }, true)
  const trusted = { host: settings.host, origins: settings.origins }
  const app = createApp({ engine, clock, registry, logger, trusted, ...(keys && { keys }) })
  closers.push(() => closeApi(app))
  const url = await app.listen({ host: settings.host, port: settings.port })
  keeper.start()
  closers.push(() => leave(keeper))
  const storage = `node ${self.node} on NATS ${maskedNatsUrls(cluster.natsUrls)} and Redis ${maskedRedisUrls(cluster.redisUrls)}`
  return { url, storage, definition, asksForKey: keys !== undefined, stop: closeAll }
}

function engineOf(
  local: LocalEngine,
  parts: Pick<
    ConstructorParameters<typeof ClusterEngine>[0],
    'ownership' | 'membership' | 'keeper' | 'links'
  >,
  { log, snapshots }: ClusterStores,
  clock: NatsClock,
): ClusterEngine {
  return new ClusterEngine({ local, ...parts, log, snapshots, clock })
}

/** The other nodes take over what could not be handed over in time, after this node is gone. */
async function leave(keeper: ShardKeeper): Promise<void> {
  const late = () => new Error('not all shards are handed over')
  await within(keeper.leave(), LEAVE_WAIT_MS, systemClock, late).catch(() => {})
  keeper.stop()
}
