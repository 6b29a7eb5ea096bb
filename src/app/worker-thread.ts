// A further thread of the engine: it opens the same stores, runs its own shards and listens on the
// same port.
import { type MessagePort, parentPort, workerData } from 'node:worker_threads'
import { Registry } from 'prom-client'
import { ThreadLink } from '../calls/thread-link.ts'
import { createObserver } from '../runtime/metrics.ts'
import { openEmbeddedStores } from './embedded-stores.ts'
import { serve, startLocalEngine } from './engine-thread.ts'
import { closeApi, listenShared } from './listening.ts'
import { type ConfigurationTexts, compileConfiguration } from './settings/configuration-files.ts'
import type { Settings } from './settings/settings.ts'

export interface ThreadData {
  settings: Settings
  texts: ConfigurationTexts
  thread: number
  /** A port to every other thread, by its number. */
  ports: Map<number, MessagePort>
  /** The port through which the main thread gives its orders. */
  orders: MessagePort
}

const { settings, texts, thread, ports, orders } = workerData as ThreadData
const { definition, keys } = compileConfiguration(texts)
const stores = await openEmbeddedStores(settings.dataPath, settings.shards)
const registry = new Registry()
const local = await startLocalEngine(stores, settings, definition, thread, createObserver(registry))
const { app, engine } = serve(local, thread, ports, settings, keys, registry)

new ThreadLink(orders, {
  listen: (port: number) => listenShared(app, settings.host, port),
  closeApi: () => closeApi(app),
  async closeEngine() {
    await local.stop()
    engine.close()
    await stores.close()
  },
})
parentPort?.postMessage('started')
