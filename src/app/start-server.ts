// The composition root: settings → configuration files → the engine on one machine, or one node of
// a cluster.
import { statSync } from 'node:fs'
import { markWithOneHelper } from '../runtime/collector.ts'
import { consoleLogger } from '../runtime/logger.ts'
import { startEmbedded } from './embedded.ts'
import type { RunningServer } from './running-server.ts'
import { compileConfiguration, readConfiguration } from './settings/configuration-files.ts'
import type { Settings } from './settings/settings.ts'

const OTHERS_READ = 0o044

/**
 * Starts the engine and its API. Errors: DefinitionError, INVALID_KEY_FILE, those of startEmbedded,
 * and in a cluster those of startClusterNode.
 */
export async function startServer(settings: Settings): Promise<RunningServer> {
  markWithOneHelper()
  const texts = readConfiguration(settings.definitionPath, settings.keysPath)
  const configuration = compileConfiguration(texts)
  if (settings.keysPath !== undefined) warnIfOthersRead(settings.keysPath)
  if (!settings.cluster) return startEmbedded(settings, texts, configuration)
  // Loaded late: one machine starts faster without the clients of NATS and Redis.
  const { startClusterNode } = await import('./cluster-node.ts')
  return startClusterNode(settings, settings.cluster, configuration)
}

/** Windows says nothing of this in the mode. */
function warnIfOthersRead(path: string): void {
  if (process.platform === 'win32' || (statSync(path).mode & OTHERS_READ) === 0) return
  consoleLogger.warn('other users of this machine can read the file of API keys: chmod 600', { path })
}
