// The engine as a cluster of real processes for one test: three nats-servers that fsync, Redis with
// its AOF, and three nodes. Nodes and nats-servers can be killed and started again.
import { onTestFinished } from 'vitest'
import { EngineProcess } from './engine.ts'
import { type NatsServer, startNats } from './nats.ts'
import { startRedis } from './servers.ts'

const DURABLE = { appendonly: 'yes', appendfsync: 'always', 'maxmemory-policy': 'noeviction' }
const NODES = ['node-1', 'node-2', 'node-3'] as const

export interface KillableCluster {
  nodes: [EngineProcess, EngineProcess, EngineProcess]
  nats: readonly NatsServer[]
}

/**
 * All of it is ready. It ends with the running test, which shows what the nodes said if it fails.
 */
export async function startClusterForTest(definitionPath: string): Promise<KillableCluster> {
  const nats = await startNats(3)
  onTestFinished(() => nats.stop())
  const redis = await startRedis(DURABLE)
  onTestFinished(() => redis.stop())
  const settings = {
    PULSEPRINT_NATS: nats.addresses.map((address) => `nats://${address}`).join(','),
    PULSEPRINT_NATS_MONITOR: nats.servers.map(({ monitorUrl }) => monitorUrl).join(','),
    PULSEPRINT_REDIS: redis.url,
    PULSEPRINT_THREADS: '1',
  }
  const start = (name: string) =>
    EngineProcess.startForTest(definitionPath, { ...settings, PULSEPRINT_NODE: name })
  const [first, second, third] = NODES
  const nodes = await Promise.all([start(first), start(second), start(third)])
  return { nodes, nats: nats.servers }
}
