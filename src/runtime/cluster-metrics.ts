// What a node of a cluster counts beyond its shards.
import { Counter, Gauge, Histogram, type Registry } from 'prom-client'

export interface TakeoverObserver {
  /** @param cause why the shard came here: `new`, `crash`, `handover` or `fenced` */
  takenOver(cause: string, tookMs: number): void
}

/** @param members number of nodes that this one knows to live, itself included */
export function createClusterMetrics(registry: Registry, members: () => number): TakeoverObserver {
  const registers = [registry]
  const takeovers = new Counter({
    name: 'pulseprint_takeovers_total',
    help: 'Shards that this node began to run, by cause.',
    labelNames: ['cause'],
    registers,
  })
  const durations = new Histogram({
    name: 'pulseprint_takeover_duration_seconds',
    help: 'Time from the decision to run a shard here to when its replay began.',
    labelNames: ['cause'],
    buckets: [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers,
  })
  new Gauge({
    name: 'pulseprint_members',
    help: 'Nodes of the cluster that live, as this node sees it.',
    registers,
    collect() {
      this.set(members())
    },
  })
  return {
    takenOver(cause, tookMs) {
      takeovers.inc({ cause })
      durations.observe({ cause }, tookMs / 1_000)
    },
  }
}
