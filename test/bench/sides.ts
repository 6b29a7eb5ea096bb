// The sides that are compared, each started alone and fresh for its turn, so that none disturbs
// another.
import { startRedis } from '../support/servers.ts'
import { until } from '../support/until.ts'
import type { Cleanup } from './cleanup.ts'
import { type EngineOptions, EngineUnderTest } from './engine-under-test.ts'
import { ServerProcess } from './server-process.ts'

export const SIDES = ['ours', 'oneThread', 'everysec', 'always', 'bare'] as const
export type SideName = (typeof SIDES)[number]

export interface Side {
  port: number
  server: ServerProcess
  /** Resolves when everything acknowledged is applied; at once where an answer already says so. */
  applied(): Promise<void>
  /**
   * Resolves when the work put off during ingest is done too; at once where there is none to ask
   * for.
   */
  saved(): Promise<void>
  /**
   * True where the server has one thread, which can be kept on a core of its own while reads are
   * measured.
   */
  oneThread: boolean
  /** False where actions are dropped, so that there is nothing to check. */
  counts: boolean
  stop(): Promise<void>
}

export const HOT_USERS = 200_000

export async function startSide(name: SideName, cleanup: Cleanup): Promise<Side> {
  if (name === 'ours' || name === 'oneThread') {
    const oneThread = name === 'oneThread'
    return startEngineSide({ hotUsers: HOT_USERS, ...(oneThread && { threads: 1 }) }, cleanup)
  }
  if (name === 'bare') return startModule('test/bench/bare-fastify.ts', {}, cleanup)
  const redis = await startRedis({ appendonly: 'yes', appendfsync: name })
  const stopRedis = cleanup.defer(() => redis.stop())
  const env = { REDIS_PORT: String(redis.port) }
  const baseline = await startModule('test/bench/baseline-server.ts', env, cleanup)
  const stop = async () => {
    await baseline.stop()
    await stopRedis()
  }
  return { ...baseline, counts: true, stop }
}

export async function startEngineSide(options: EngineOptions, cleanup: Cleanup): Promise<Side> {
  const engine = await EngineUnderTest.start(cleanup, options)
  const { port, server, stop } = engine
  return {
    port,
    server,
    applied: () => engine.applied(),
    saved: () => engine.saved(),
    counts: true,
    oneThread: options.threads === 1,
    stop,
  }
}

async function startModule(module: string, env: Record<string, string>, cleanup: Cleanup): Promise<Side> {
  const server = new ServerProcess(module, [], env)
  const stop = cleanup.defer(() => server.end('SIGTERM'))
  const port = await until(
    () => {
      server.assertRunning()
      const port = /^http:\/\/127\.0\.0\.1:(\d+)$/m.exec(server.output)?.[1]
      return port === undefined ? undefined : Number(port)
    },
    () => `${module} did not listen:\n${server.output}`,
  )
  return {
    port,
    server,
    applied: async () => {},
    saved: async () => {},
    oneThread: true,
    counts: false,
    stop,
  }
}
