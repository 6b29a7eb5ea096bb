// One machine put together: data folder → threads → API. It owns the process. engine-thread.ts puts
// each thread together.
import { resolve } from 'node:path'
import { Registry } from 'prom-client'
import { consoleLogger } from '../runtime/logger.ts'
import { createObserver } from '../runtime/metrics.ts'
import { openDataFolder } from './data-folder.ts'
import { serve, startLocalEngine } from './engine-thread.ts'
import { closeApi, listenShared, portMustBeFree } from './listening.ts'
import type { RunningServer } from './running-server.ts'
import type { Configuration, ConfigurationTexts } from './settings/configuration-files.ts'
import type { Settings } from './settings/settings.ts'
import { endThreads, meshOf, startThreads, type Thread } from './threads.ts'

/**
 * Starts the engine on embedded storage, and its API. Errors: STORE_MISMATCH, DATA_FOLDER_IN_USE,
 * STORAGE_UNAVAILABLE, those of listening.
 */
export async function startEmbedded(
  settings: Settings,
  texts: ConfigurationTexts,
  { definition, keys }: Configuration,
): Promise<RunningServer> {
  const { dataPath, shards, threads } = settings
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
  const { app, engine } = serve(local, 0, ports[0]!, settings, keys, registry)
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

/** Listens on every thread; the system spreads the connections. */
async function listen(
  app: ReturnType<typeof serve>['app'],
  { host, port }: Settings,
  others: Thread[],
): Promise<string> {
  if (others.length === 0) return app.listen({ host, port })
  // Another engine could share the port too, so the port must be free at first.
  await portMustBeFree(host, port)
  const url = await listenShared(app, host, port)
  const shared = Number(new URL(url).port)
  await Promise.all(others.map(({ orders }) => orders.call('listen', shared)))
  return url
}

function rethrowAfter(close: () => Promise<void>): (error: unknown) => Promise<never> {
  return async (error) => {
    await close()
    throw error
  }
}
