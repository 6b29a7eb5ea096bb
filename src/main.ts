// The composition root: settings → definition → adapters → actors → API. Only this file knows them all.
import { mkdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { LocalEngine } from '../actors/local-engine.ts'
import { createApp } from '../api/app.ts'
import { compileDefinition, type Problem } from './definition/compile.ts'
import { DEFAULT_DEFINITION } from './definition/default.ts'
import type { Definition } from './definition/definition.ts'
import { PulseprintError } from './errors.ts'
import { LmdbActionLog } from './log/lmdb-action-log.ts'
import { HASH_VERSION } from './model/hash.ts'
import { SingleProcessOwnership } from './ownership/single-process-ownership.ts'
import { readApiKeys } from './runtime/api-keys.ts'
import { type Clock, systemClock } from './runtime/clock.ts'
import { consoleLogger, type Logger } from './runtime/logger.ts'
import { createMetrics } from './runtime/metrics.ts'
import type { Settings } from './settings.ts'
import { LmdbSnapshotStore } from './snapshots/lmdb-snapshot-store.ts'

const STORE_FORMAT = 1

/** A definition that was refused, with everything that is wrong with it. */
export class DefinitionError extends Error {
  readonly origin: string
  readonly problems: Problem[]

  constructor(origin: string, problems: Problem[]) {
    super(`${origin} has ${problems.length} ${problems.length === 1 ? 'problem' : 'problems'}`)
    this.origin = origin
    this.problems = problems
  }
}

/** Reads and compiles a definition; without a path, the built-in one. Errors: DefinitionError, or that of the file. */
export function loadDefinition(path: string | undefined): Definition {
  const compiled = compileDefinition(path === undefined ? DEFAULT_DEFINITION : readFileSync(path, 'utf8'))
  if ('problems' in compiled) throw new DefinitionError(path ?? 'the built-in definition', compiled.problems)
  return compiled.definition
}

export interface OpenEngine {
  engine: LocalEngine
  close(): Promise<void>
}

/** Opens the engine on embedded storage. Errors: STORE_MISMATCH, DATA_FOLDER_IN_USE, STORAGE_UNAVAILABLE. */
export async function openEmbeddedEngine(
  { dataPath, shards, hotUsersMax }: Pick<Settings, 'dataPath' | 'shards' | 'hotUsersMax'>,
  definition: Definition,
  clock: Clock = systemClock,
  logger: Logger = consoleLogger,
): Promise<OpenEngine> {
  const identity = { format: STORE_FORMAT, shards, hashVersion: HASH_VERSION }
  makeFolder(dataPath)
  const ownership = await SingleProcessOwnership.open(dataPath)
  const opened: { close(): Promise<void> }[] = [ownership]
  try {
    const log = openStore(() => new LmdbActionLog(join(dataPath, 'log'), identity), dataPath)
    opened.push(log)
    const snapshots = openStore(() => new LmdbSnapshotStore(join(dataPath, 'snapshots'), identity), dataPath)
    opened.push(snapshots)
    const parts = { definition, shards, log, snapshots, ownership, clock, logger, hotUsersMax }
    const engine = await LocalEngine.start(parts)
    const close = async () => {
      await engine.stop()
      await snapshots.close()
      await log.close()
    }
    return { engine, close }
  } catch (error) {
    for (const part of opened.reverse()) await part.close()
    throw error
  }
}

function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true })
  } catch (error) {
    throw unusable(path, error)
  }
}

function openStore<T>(open: () => T, path: string): T {
  try {
    return open()
  } catch (error) {
    throw error instanceof PulseprintError ? error : unusable(path, error)
  }
}

function unusable(path: string, error: unknown): PulseprintError {
  const reason = error instanceof Error ? error.message : String(error)
  return new PulseprintError(
    'STORAGE_UNAVAILABLE',
    `the data folder ${resolve(path)} cannot be used: ${reason}`,
  )
}

export interface RunningServer {
  url: string
  dataPath: string
  definition: Definition
  /** Stops taking requests, saves everything and releases the data folder. */
  stop(): Promise<void>
}

/** Starts the engine and its API. Errors: as openEmbeddedEngine, DefinitionError, INVALID_KEY_FILE, and those of listening. */
export async function startServer(settings: Settings): Promise<RunningServer> {
  const definition = loadDefinition(settings.definitionPath)
  const keys =
    settings.keysPath === undefined ? undefined : readApiKeys(readFileSync(settings.keysPath, 'utf8'))
  const { engine, close } = await openEmbeddedEngine(settings, definition)
  const { registry } = createMetrics(engine)
  const app = createApp({ engine, clock: systemClock, registry, ...(keys && { keys }) })
  try {
    const url = await app.listen({ host: settings.host, port: settings.port })
    const stop = async () => {
      await app.close()
      await close()
    }
    return { url, dataPath: resolve(settings.dataPath), definition, stop }
  } catch (error) {
    await app.close()
    await close()
    throw error
  }
}
