// The metrics the engine shows to Prometheus, their names, labels and units. No label ever holds a
// user.
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Observer } from './observer.ts'

export type ActionsCounter = Counter<'status'>
export type RequestDurations = Histogram<'method' | 'route' | 'status'>

/**
 * The statuses `accepted`, `duplicate`, `rejected` and `refused` are outcomes of an action. `logged` actions
 * are durable and will be applied; the front door answered before it knew whether they are
 * duplicates.
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

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 60, 600]

/** Counts and times what the shards report. */
export function createObserver(registry: Registry): Observer {
  const registers = [registry]
  const histogram = (name: string, help: string) =>
    new Histogram({ name: `pulseprint_${name}_seconds`, help, buckets: SECONDS, registers })
  // A timer that waits for more history is due when that wait ends.
  const lateness = histogram(
    'timer_lateness',
    'Time from when a tick was due for a user to when it was appended.',
  )
  const sinceReceived = histogram(
    'apply_lag_received',
    'Time from when a record of the log was taken in to when it was applied, one observation per record.',
  )
  const sinceOccurred = histogram(
    'apply_lag_occurred',
    "Time from when a record's first action occurred to when it was applied.",
  )
  const commits = histogram('commit_duration', 'Time that one checkpoint of a shard took.')
  const count = (name: string, help: string) =>
    new Counter({ name: `pulseprint_${name}_total`, help, registers })
  const refused = count('refused_appends', 'Requests, or parts of them, that the log did not take.')
  const unsaved = count('failed_saves', 'Checkpoints of shards that failed; each is tried again.')
  const fenced = count(
    'fenced_writes',
    'Shards that stopped because a newer owner had them, or saved profiles were lost.',
  )
  const replays = count('replays', 'Shards taken over, each replaying what its snapshots did not cover.')
  const replayed = count('replayed_actions', 'Actions of the log that were applied once more then.')
  return {
    woken: (latenessMs) => lateness.observe(latenessMs / 1_000),
    applied(sinceReceivedMs, sinceOccurredMs) {
      sinceReceived.observe(sinceReceivedMs / 1_000)
      if (sinceOccurredMs !== undefined) sinceOccurred.observe(sinceOccurredMs / 1_000)
    },
    committed: (durationMs) => commits.observe(durationMs / 1_000),
    unsaved: () => unsaved.inc(),
    refused: () => refused.inc(),
    fenced: () => fenced.inc(),
    begun: () => replays.inc(),
    replayed: (actions) => replayed.inc(actions),
  }
}
