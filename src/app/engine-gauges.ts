// What Prometheus sees of the shards: gauges that are read from the engine at each scrape.
import { collectDefaultMetrics, Gauge, type Registry } from 'prom-client'
import type { Engine } from '../engine.ts'
import { SHARD_STATUS } from '../questions/shard-status.ts'
import type { ShardStatus } from '../views/views.ts'

/**
 * Adds gauges that are read from the engine whenever Prometheus asks.
 * @param ofProcess true to add gauges of the process itself; only one of its threads may show them
 */
export function showEngine(
  registry: Registry,
  engine: Pick<Engine, 'ask' | 'notReady'>,
  ofProcess: boolean,
): void {
  if (ofProcess) collectDefaultMetrics({ register: registry })
  // All gauges of one scrape ask in the same turn, so they share one answer.
  let asked: Promise<ShardStatus[]> | undefined
  const shardStatus = () => {
    asked ??= engine.ask(SHARD_STATUS, {}).finally(() => {
      asked = undefined
    })
    return asked
  }
  const ofShards = (name: string, help: string, value: (status: ShardStatus) => number | null) =>
    new Gauge({
      name: `pulseprint_shard_${name}`,
      help,
      labelNames: ['shard'],
      registers: [registry],
      async collect() {
        this.reset()
        for (const status of await shardStatus()) {
          const known = value(status)
          if (known !== null) this.set({ shard: status.shard }, known)
        }
      },
    })
  ofShards('lag_records', 'Records appended to the log of the shard and not yet applied.', ({ lag }) => lag)
  ofShards('head', 'Last sequence of the log of the shard.', ({ head }) => head)
  ofShards('applied', 'Last sequence applied to the profiles of the shard.', ({ applied }) => applied)
  ofShards('committed', 'Last sequence that a snapshot covers.', ({ committed }) => committed)
  ofShards('epoch', 'Epoch that the shard is run under here.', ({ epoch }) => epoch)
  ofShards('hot_users', 'Users of the shard whose profile is held in memory.', ({ hotUsers }) => hotUsers)
  new Gauge({
    name: 'pulseprint_hot_users',
    help: 'Users whose profile is held in memory.',
    registers: [registry],
    async collect() {
      this.set((await shardStatus()).reduce((sum, { hotUsers }) => sum + hotUsers, 0))
    },
  })
  new Gauge({
    name: 'pulseprint_ready',
    help: '1 when the engine is ready to serve, 0 otherwise.',
    aggregator: 'min',
    registers: [registry],
    collect() {
      this.set(engine.notReady() === undefined ? 1 : 0)
    },
  })
}
