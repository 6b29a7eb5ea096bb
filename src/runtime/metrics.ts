// The metrics the engine shows to Prometheus, their names, labels and units. No label ever holds a user.
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Engine } from '../engine.ts'

export type ActionsCounter = Counter<'status'>
export type RequestDurations = Histogram<'method' | 'route' | 'status'>

/**
 * Status `accepted`, `duplicate` and `rejected` are what became of an action. `logged` actions are durable and will be
 * applied, and the front door answered without waiting to know whether they are duplicates.
 */
export function createActionsCounter(registry: Registry): ActionsCounter {
  return new Counter({
    name: 'pulseprint_actions_total',
    help: 'Actions received, by what became of them.',
    labelNames: ['status'],
    registers: [registry],
  })
}

export function createRequestDurations(registry: Registry): RequestDurations {
  return new Histogram({
    name: 'pulseprint_http_request_duration_seconds',
    help: 'Time from the first byte of a request to the last byte of its answer.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
}

/** A timer that is held back because history may follow is due when it is no longer. */
export function createTimerLateness(registry: Registry): Histogram {
  return new Histogram({
    name: 'pulseprint_timer_lateness_seconds',
    help: 'Time from when a tick was due for a user to when it was appended.',
    buckets: [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600],
    registers: [registry],
  })
}

/**
 * A registry with gauges that are read from the engine whenever Prometheus asks.
 * @param ofProcess also those of the process itself, which one of its threads must show and no other
 */
export function createMetrics(engine: Engine, ofProcess: boolean): Registry {
  const registry = new Registry()
  if (ofProcess) collectDefaultMetrics({ register: registry })
  new Gauge({
    name: 'pulseprint_shard_lag_records',
    help: 'Records appended to the log of the shard and not yet applied.',
    labelNames: ['shard'],
    registers: [registry],
    async collect() {
      for (const { shard, lag } of await engine.shardStatus()) this.set({ shard }, lag)
    },
  })
  new Gauge({
    name: 'pulseprint_hot_users',
    help: 'Users whose profile is held in memory.',
    registers: [registry],
    async collect() {
      this.set((await engine.shardStatus()).reduce((sum, { hotUsers }) => sum + hotUsers, 0))
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
  return registry
}
