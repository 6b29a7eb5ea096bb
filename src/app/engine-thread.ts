// One thread of the engine put together: stores → local engine → the whole engine → API. The main
// thread and every other one run the same parts, each for its own shards.
import type { MessagePort } from 'node:worker_threads'
import type { FastifyInstance } from 'fastify'
import { AggregatorRegistry, type Registry } from 'prom-client'
import { LocalEngine } from '../../actors/engine/local-engine.ts'
import { ThreadedEngine, threadOf } from '../../actors/threads/threaded-engine.ts'
import { createApp } from '../../api/app.ts'
import type { Definition } from '../definition/definition.ts'
import { LIMITS } from '../limits.ts'
import { SingleProcessOwnership } from '../ownership/single-process-ownership.ts'
import type { ApiKeys } from '../runtime/api-keys.ts'
import { type Clock, systemClock } from '../runtime/clock.ts'
import { consoleLogger, type Logger } from '../runtime/logger.ts'
import { type Observer, silentObserver } from '../runtime/observer.ts'
import { showEngine } from './engine-gauges.ts'
import type { Settings } from './settings/settings.ts'
import type { Stores } from './stores.ts'

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

export interface Served {
  app: FastifyInstance
  engine: ThreadedEngine
}

/** The API of one thread over all shards. @param ports a port to every other thread */
export function serve(
  local: LocalEngine,
  thread: number,
  ports: Map<number, MessagePort>,
  { host, origins }: Pick<Settings, 'host' | 'origins'>,
  keys: ApiKeys | undefined,
  registry: Registry,
): Served {
  showEngine(registry, local, thread === 0)
  const engine = new ThreadedEngine(local, thread, ports, () => registry.getMetricsAsJSON())
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
    trusted: { host, origins },
    ...(keys && { keys }),
  })
  return { app, engine }
}
