// The engine of one thread on embedded storage, without an API: for tests that call it themselves.
import type { LocalEngine } from '../../actors/engine/local-engine.ts'
import { openDataFolder } from '../../src/app/data-folder.ts'
import { startLocalEngine } from '../../src/app/engine-thread.ts'
import type { Settings } from '../../src/app/settings/settings.ts'
import type { Definition } from '../../src/definition/definition.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { consoleLogger, type Logger } from '../../src/runtime/logger.ts'
import { silentObserver } from '../../src/runtime/observer.ts'

export interface OpenEngine {
  engine: LocalEngine
  close(): Promise<void>
}

/**
 * The engine on embedded storage without an API, all shards on this thread. Errors: as startServer.
 */
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
