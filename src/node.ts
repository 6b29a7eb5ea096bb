// One thread of the engine put together: stores → local engine → the whole engine → API. The main thread and
// every other one run the same parts, each for its own shards.
import { join } from 'node:path'
import type { MessagePort } from 'node:worker_threads'
import type { FastifyInstance, FastifyListenOptions } from 'fastify'
import { AggregatorRegistry, type Registry } from 'prom-client'
import { LocalEngine } from '../actors/local-engine.ts'
import { RoutedEngine, threadOf } from '../actors/routed-engine.ts'
import { createApp } from '../api/app.ts'
import type { Definition } from './definition/definition.ts'
import { LIMITS } from './limits.ts'
import type { ActionLog } from './log/action-log.ts'
import { LmdbActionLog } from './log/lmdb-action-log.ts'
import { storeIdentity } from './model/store-identity.ts'
import { SingleProcessOwnership } from './ownership/single-process-ownership.ts'
import type { ApiKeys } from './runtime/api-keys.ts'
import { type Clock, systemClock } from './runtime/clock.ts'
import { DiskSpace } from './runtime/disk-space.ts'
import { consoleLogger, type Logger } from './runtime/logger.ts'
import { showEngine } from './runtime/metrics.ts'
import { type Observer, silentObserver } from './runtime/observer.ts'
import type { Settings } from './settings.ts'
import { LmdbSnapshotStore } from './snapshots/lmdb-snapshot-store.ts'
import type { SnapshotStore } from './snapshots/snapshot-store.ts'
import { LmdbStreamStore } from './streams/lmdb-stream-store.ts'
import type { StreamStore } from './streams/stream-store.ts'

export interface Stores {
  log: ActionLog
  snapshots: SnapshotStore
  streams: StreamStore
  /** Why the storage should take no more actions; undefined while it can. */
  problem(): string | undefined
  close(): Promise<void>
}

/** Opens the embedded stores of a data folder. Errors: STORE_MISMATCH, and those of the file system. */
export async function openEmbeddedStores(dataPath: string, shards: number): Promise<Stores> {
  const identity = storeIdentity(shards)
  const disk = new DiskSpace(dataPath, LIMITS.diskBytesFreeMin, systemClock)
  const opened: { close(): Promise<void> }[] = []
  const open = <Store extends { close(): Promise<void> }>(store: Store): Store => {
    opened.unshift(store)
    return store
  }
  const close = async () => {
    disk.stop()
    for (const store of opened) await store.close()
  }
  try {
    const log = open(new LmdbActionLog(join(dataPath, 'log'), identity))
    const snapshots = open(new LmdbSnapshotStore(join(dataPath, 'snapshots'), identity))
    const streams = open(new LmdbStreamStore(join(dataPath, 'streams'), identity))
    await disk.start()
    return { log, snapshots, streams, problem: () => disk.problem, close }
  } catch (error) {
    await close()
    throw error
  }
}

/** Starts the shards of one of `threads` threads. */
export async function startLocalEngine(
  stores: Stores,
  { shards, hotUsersMax, threads, keep }: Pick<Settings, 'shards' | 'hotUsersMax' | 'threads' | 'keep'>,
  definition: Definition,
  thread: number,
  observer: Observer = silentObserver,
  clock: Clock = systemClock,
  logger: Logger = consoleLogger,
): Promise<LocalEngine> {
  const ownership = new SingleProcessOwnership()
  const engine = new LocalEngine({
    ...stores,
    definition,
    shards,
    node: ownership.self.node,
    clock,
    logger,
    observer,
    hotUsersMax: hotUsersMax / threads,
    keep,
    storageProblem: () => stores.problem(),
  })
  try {
    for (let shard = 0; shard < shards; shard++) {
      if (threadOf(shard, threads) !== thread) continue
      await engine.takeOver(shard, await ownership.claim(shard, await engine.lastEpoch(shard)))
    }
    return engine
  } catch (error) {
    await engine.stop()
    throw error
  }
}

export interface RunningServer {
  url: string
  /** Where everything is kept, in words for the operator. */
  storage: string
  definition: Definition
  /** True where requests need an API key. */
  asksForKey: boolean
  /** Stops taking requests, saves everything and lets go of the storage. */
  stop(): Promise<void>
}

export interface Served {
  app: FastifyInstance
  engine: RoutedEngine
}

/** The API of one thread over all shards. @param ports a port to every other thread */
export function serve(
  local: LocalEngine,
  thread: number,
  ports: Map<number, MessagePort>,
  keys: ApiKeys | undefined,
  registry: Registry,
): Served {
  showEngine(registry, local, thread === 0)
  const engine = new RoutedEngine(local, thread, ports, () => registry.getMetricsAsJSON())
  const metrics = async () => {
    const others = await engine.metricsOfOthers()
    return AggregatorRegistry.aggregate([await registry.getMetricsAsJSON(), ...others] as object[]).metrics()
  }
  const app = createApp({
    engine,
    clock: systemClock,
    registry,
    metrics,
    bodiesInFlightBytesMax: LIMITS.bodiesInFlightBytesMax / (ports.size + 1),
    ...(keys && { keys }),
  })
  return { app, engine }
}

/** Listens on a port together with the other threads; the system spreads the connections. */
export function listenShared(app: FastifyInstance, host: string, port: number): Promise<string> {
  // Fastify hands its options on to the server; its types do not name this one.
  const options: FastifyListenOptions & { reusePort: boolean } = { host, port, reusePort: true }
  return app.listen(options)
}

/** How long requests that are under way may take to end once the engine stops. */
const CLOSE_WAIT_MS = 5_000

/** Takes no more requests, and ends those that do not end by themselves. */
export async function closeApi(app: FastifyInstance): Promise<void> {
  const cut = setTimeout(() => app.server.closeAllConnections(), CLOSE_WAIT_MS)
  await app.close()
  clearTimeout(cut)
}
