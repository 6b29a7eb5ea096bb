// The engine of one node on real LMDB stores, each of which a test may stand in for, call by call.

import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { LocalEngine } from '../../actors/engine/local-engine.ts'
import { LmdbActionLog } from '../../src/adapters/lmdb/lmdb-action-log.ts'
import { LmdbSnapshotStore } from '../../src/adapters/lmdb/lmdb-snapshot-store.ts'
import { LmdbStreamStore } from '../../src/adapters/lmdb/lmdb-stream-store.ts'
import { compileDefinition } from '../../src/definition/compile.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Submitted, SubmitWait } from '../../src/ingest/batch.ts'
import { buildBatch } from '../../src/ingest/build-batch.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import { HASH_VERSION, shardOf } from '../../src/model/hash.ts'
import { PROFILE } from '../../src/questions/profile.ts'
import { type Clock, systemClock } from '../../src/runtime/clock.ts'
import { type Observer, silentObserver } from '../../src/runtime/observer.ts'
import { rebuildIfRedefined } from '../../src/snapshots/rebuild.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { StreamStore } from '../../src/streams/stream-store.ts'
import { type LogLine, recordingLogger } from './api.ts'
import { temporaryFolder } from './folders.ts'

export const SHARDS = 2

export function definitionOf(features: string): Definition {
  const compiled = compileDefinition(`version: 1\nfeatures: ${features}`)
  if ('problems' in compiled) throw new Error(JSON.stringify(compiled.problems))
  return compiled.definition
}

export interface TestParts {
  folder?: string
  definition?: Definition
  hotUsersMax?: number
  clock?: Clock
  observer?: Partial<Observer>
  /** Calls that stand in for those of the real snapshot store. */
  snapshots?: (real: SnapshotStore) => Partial<SnapshotStore>
  log?: (real: ActionLog) => Partial<ActionLog>
  streams?: (real: StreamStore) => Partial<StreamStore>
}

export interface TestEngine {
  engine: LocalEngine
  folder: string
  logged: LogLine[]
  send(items: readonly object[], wait?: SubmitWait): Promise<Submitted>
  count(user: string, minSequence?: number): Promise<unknown>
  stop(): Promise<void>
}

/** Ends with the test. */
export async function openLocalEngine(parts: TestParts = {}): Promise<TestEngine> {
  const { folder = temporaryFolder(), hotUsersMax = 1_000, clock = systemClock } = parts
  const definition = parts.definition ?? definitionOf('{ n: { aggregate: count } }')
  const identity = { format: 1, shards: SHARDS, hashVersion: HASH_VERSION }
  const log = new LmdbActionLog(join(folder, 'log'), identity)
  const snapshots = new LmdbSnapshotStore(join(folder, 'snapshots'), identity)
  const streams = new LmdbStreamStore(join(folder, 'streams'), identity)
  const logged: LogLine[] = []
  await rebuildIfRedefined(definition, SHARDS, { log, snapshots }, recordingLogger(logged))
  const engine = new LocalEngine({
    definition,
    shards: SHARDS,
    node: 'local',
    log: standIn(log, parts.log?.(log)),
    snapshots: standIn(snapshots, parts.snapshots?.(snapshots)),
    streams: standIn(streams, parts.streams?.(streams)),
    clock,
    logger: recordingLogger(logged),
    observer: { ...silentObserver, ...parts.observer },
    hotUsersMax,
    storageProblem: () => undefined,
  })
  for (let shard = 0; shard < SHARDS; shard++)
    await engine.takeOver(shard, (await engine.lastEpoch(shard)) + 1)
  let stopped: Promise<void> | undefined
  const stop = () => {
    stopped ??= engine.stop().then(async () => {
      await streams.close()
      await snapshots.close()
      await log.close()
    })
    return stopped
  }
  onTestFinished(stop)
  return {
    engine,
    folder,
    logged,
    send: (items, wait = 'applied') =>
      engine.submit(buildBatch(definition, SHARDS, items, clock.now()), wait),
    count: async (user, minSequence = 0) => (await engine.ask(PROFILE, { user, minSequence }))?.features.n,
    stop,
  }
}

/** The port's methods, those of `instead` first. */
function standIn<Port extends object>(real: Port, instead: Partial<Port> = {}): Port {
  return new Proxy(real, {
    get(port, name) {
      const method = Reflect.get(name in instead ? instead : port, name)
      return typeof method === 'function' && !(name in instead) ? method.bind(port) : method
    },
  })
}

/** Names of users who live in the shard. */
export function usersIn(shard: number, count: number): string[] {
  const users: string[] = []
  for (let index = 0; users.length < count; index++) {
    if (shardOf(`u${index}`, SHARDS) === shard) users.push(`u${index}`)
  }
  return users
}
