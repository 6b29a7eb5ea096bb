// The composition root: settings → data folder → threads → API. It owns the process; node.ts puts each thread
// together.
import { mkdirSync } from 'node:fs'
import { createServer } from 'node:net'
import { resolve } from 'node:path'
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads'
import { Registry } from 'prom-client'
import type { LocalEngine } from '../actors/local-engine.ts'
import { ThreadLink } from '../actors/thread-link.ts'
import { startClusterNode } from './cluster.ts'
import {
  type ConfigurationTexts,
  compileConfiguration,
  DefinitionError,
  readConfiguration,
} from './configuration.ts'
import type { Definition } from './definition/definition.ts'
import { ERRORS, type ErrorCode, PulseprintError } from './errors.ts'
import {
  closeApi,
  listenShared,
  openEmbeddedStores,
  type RunningServer,
  type Stores,
  serve,
  startLocalEngine,
} from './node.ts'
import { type FolderLock, lockFolder } from './ownership/folder-lock.ts'
import { type Clock, systemClock } from './runtime/clock.ts'
import { consoleLogger, type Logger } from './runtime/logger.ts'
import { createObserver } from './runtime/metrics.ts'
import { silentObserver } from './runtime/observer.ts'
import type { Settings } from './settings.ts'
import { rebuildIfRedefined } from './snapshots/rebuild.ts'
import type { ThreadData } from './thread.ts'

export { DefinitionError, type RunningServer }

export interface OpenEngine {
  engine: LocalEngine
  close(): Promise<void>
}

/** The engine on embedded storage without an API, all shards on this thread. Errors: as startServer. */
export async function openEmbeddedEngine(
  {
    dataPath,
    shards,
    hotUsersMax,
    keep = {},
  }: Pick<Settings, 'dataPath' | 'shards' | 'hotUsersMax'> & Partial<Pick<Settings, 'keep'>>,
  definition: Definition,
  clock: Clock = systemClock,
  logger: Logger = consoleLogger,
): Promise<OpenEngine> {
  const { stores, close } = await openDataFolder(dataPath, shards, definition, logger)
  try {
    const engine = await startLocalEngine(
      stores,
      { shards, hotUsersMax, keep, threads: 1 },
      definition,
      0,
      silentObserver,
      clock,
      logger,
    )
    const closeAll = async () => {
      await engine.stop()
      await close()
    }
    return { engine, close: closeAll }
  } catch (error) {
    await close()
    throw error
  }
}

/**
 * Starts the engine and its API. Errors: DefinitionError, INVALID_KEY_FILE, STORE_MISMATCH, DATA_FOLDER_IN_USE,
 * STORAGE_UNAVAILABLE, in a cluster those of startClusterNode, and those of listening.
 */
export async function startServer(settings: Settings): Promise<RunningServer> {
  const { dataPath, shards, threads, cluster } = settings
  const texts = readConfiguration(settings.definitionPath, settings.keysPath)
  const { definition, keys } = compileConfiguration(texts)
  if (cluster) return startClusterNode(settings, cluster, { definition, keys })
  const { stores, close } = await openDataFolder(dataPath, shards, definition, consoleLogger)
  const ports = meshOf(threads)
  const others = await startThreads(settings, texts, ports).catch(rethrowAfter(close))
  const registry = new Registry()
  const local = await startLocalEngine(stores, settings, definition, 0, createObserver(registry)).catch(
    rethrowAfter(async () => {
      await endThreads(others)
      await close()
    }),
  )
  const { app, engine } = serve(local, 0, ports[0]!, keys, registry)
  const stop = async () => {
    await Promise.all([closeApi(app), ...others.map(({ orders }) => orders.call('closeApi'))])
    await Promise.all([local.stop(), ...others.map(({ orders }) => orders.call('closeEngine'))])
    engine.close()
    await endThreads(others)
    await close()
  }
  try {
    const url = await listen(app, settings, others)
    return { url, storage: resolve(dataPath), definition, asksForKey: keys !== undefined, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

interface Thread {
  worker: Worker
  orders: ThreadLink
}

/** A port from each thread to each other one. */
function meshOf(threads: number): Map<number, MessagePort>[] {
  const ports = Array.from({ length: threads }, () => new Map<number, MessagePort>())
  for (let one = 0; one < threads; one++) {
    for (let other = one + 1; other < threads; other++) {
      const { port1, port2 } = new MessageChannel()
      ports[one]!.set(other, port1)
      ports[other]!.set(one, port2)
    }
  }
  return ports
}

/** Starts all threads but this one, which is number 0; resolves when their shards are claimed. All start, or none. */
async function startThreads(
  settings: Settings,
  texts: ConfigurationTexts,
  ports: Map<number, MessagePort>[],
): Promise<Thread[]> {
  const starts = ports
    .slice(1)
    .map((own, index) => startThread({ settings, texts, thread: index + 1, ports: own }))
  const results = await Promise.allSettled(starts)
  const failed = results.find((result) => result.status === 'rejected')
  const threads = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  if (!failed) return threads
  // One that went on would keep the process from ending.
  await endThreads(threads)
  throw failed.reason
}

async function endThreads(threads: readonly Thread[]): Promise<void> {
  for (const { worker, orders } of threads) {
    orders.close()
    worker.removeAllListeners()
    await worker.terminate()
  }
}

async function startThread(data: Omit<ThreadData, 'orders'>): Promise<Thread> {
  const { port1, port2 } = new MessageChannel()
  const workerData: ThreadData = { ...data, orders: port2 }
  // Compiled, this file and the thread's are JavaScript.
  const file = import.meta.url.endsWith('.ts') ? './thread.ts' : './thread.js'
  const worker = new Worker(new URL(file, import.meta.url), {
    workerData,
    transferList: [port2, ...data.ports.values()],
  })
  await new Promise((resolve, reject) =>
    worker.once('message', resolve).once('error', (error) => reject(asThrown(error))),
  )
  // A thread that fails has left its shards: the process ends, and the next start goes on where it was.
  worker.removeAllListeners().on('error', (error) => {
    throw error
  })
  return { worker, orders: new ThreadLink(port1, {}) }
}

/** A thread's error arrives as a plain one that has kept its code. */
function asThrown(error: unknown): unknown {
  const { code, message } = error as { code?: string; message: string }
  return code !== undefined && Object.hasOwn(ERRORS, code)
    ? new PulseprintError(code as ErrorCode, message)
    : error
}

/** Listens on every thread; the system spreads the connections. */
async function listen(
  app: ReturnType<typeof serve>['app'],
  { host, port }: Settings,
  others: Thread[],
): Promise<string> {
  if (others.length === 0) return app.listen({ host, port })
  // Sharing a port would also share it with another engine that was started on it: it must be free at first.
  await portMustBeFree(host, port)
  const url = await listenShared(app, host, port)
  const shared = Number(new URL(url).port)
  await Promise.all(others.map(({ orders }) => orders.call('listen', shared)))
  return url
}

/** Errors: that of listening, EADDRINUSE for example. */
function portMustBeFree(host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const probe = createServer().once('error', reject)
    probe.listen({ host, port }, () => probe.close(() => resolve()))
  })
}

interface DataFolder {
  stores: Stores
  close(): Promise<void>
}

/** Locks and opens the data folder; where the definition has changed, the rebuild begins here. */
async function openDataFolder(
  path: string,
  shards: number,
  definition: Definition,
  logger: Logger,
): Promise<DataFolder> {
  let lock: FolderLock | undefined
  let stores: Stores | undefined
  const close = async () => {
    await stores?.close()
    await lock?.release()
  }
  try {
    mkdirSync(path, { recursive: true })
    lock = await lockFolder(path)
    stores = await openEmbeddedStores(path, shards)
    await rebuildIfRedefined(definition, shards, stores, logger)
    return { stores, close }
  } catch (error) {
    await close()
    if (error instanceof PulseprintError) throw error
    const reason = error instanceof Error ? error.message : String(error)
    throw new PulseprintError(
      'STORAGE_UNAVAILABLE',
      `the data folder ${resolve(path)} cannot be used: ${reason}`,
    )
  }
}

function rethrowAfter(close: () => Promise<void>): (error: unknown) => Promise<never> {
  return async (error) => {
    await close()
    throw error
  }
}
