// The load, in a process of its own: `node load.ts JSON` sends requests over keep-alive
// connections, one in flight on each, and prints one JSON line: how many were answered, in which
// time, how fast.
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as pause } from 'node:timers/promises'
import { shardOf } from '../../src/model/hash.ts'
import { HttpConnection, RefusedError } from './http-connection.ts'
import { BATCH_ACTIONS, SegmentBatch, userIdOf } from './segment-batch.ts'

export interface LoadPlan {
  port: number
  /** Connections are spread over `port` and these. */
  otherPorts?: number[]
  kind: 'ingest' | 'read'
  connections: number
  /** Users are numbered from `firstUser`. */
  firstUser: number
  users: number
  /** Only users of these shards, of so many in all. */
  within?: { shards: number; own: number[] }
  /** Ends after this time, users drawn at random, or after so many requests… */
  seconds?: number
  requests?: number
  /**
   * Batches go out evenly at this rate, or as fast as they are answered where that is slower.
   * Default: the latter.
   */
  actionsPerSecond?: number
  /**
   * …or after this many rounds in which every user has one action; each batch then holds
   * different users.
   */
  rounds?: number
  /** Actions in a request. Default: 100. */
  batchActions?: number
  /** Share of all actions that is of the first user; the others are drawn as ever. */
  hotShare?: number
  /** True where refusals are counted instead of ending the load. */
  mayBeRefused?: boolean
}

type Users = Pick<LoadPlan, 'firstUser' | 'users' | 'within' | 'hotShare'>

export interface LoadResult {
  requests: number
  seconds: number
  p50Ms: number
  p99Ms: number
  maxMs: number
  refused: number
}

/** Templates per connection, so that products, prices and quantities vary. */
const TEMPLATES = 8

export async function runLoad(plan: LoadPlan): Promise<LoadResult> {
  const latency = createHistogram()
  const ports = [plan.port, ...(plan.otherPorts ?? [])]
  const connections = await Promise.all(
    Array.from({ length: plan.connections }, (_, place) => HttpConnection.open(ports[place % ports.length]!)),
  )
  const nextUser = plan.rounds === undefined ? randomUser(plan) : everyUser(plan)
  let left = plan.rounds === undefined ? (plan.requests ?? Number.POSITIVE_INFINITY) : batchesOf(plan)
  const start = performance.now()
  const end = start + (plan.seconds ?? Number.POSITIVE_INFINITY) * 1_000
  const intervalMs =
    plan.actionsPerSecond === undefined
      ? 0
      : (1_000 * (plan.batchActions ?? BATCH_ACTIONS)) / plan.actionsPerSecond
  let slot = 0
  let refused = 0
  await Promise.all(
    connections.map(async (connection) => {
      const nextRequest = plan.kind === 'ingest' ? batches(plan, nextUser) : reads(plan, nextUser)
      while (left-- > 0) {
        const request = nextRequest()
        const early = start + slot++ * intervalMs - performance.now()
        if (early > 0) await pause(early)
        const sent = performance.now()
        if (sent >= end) break
        const answer = await connection.send(request).catch((error: unknown) => {
          if (!plan.mayBeRefused || !(error instanceof RefusedError)) throw error
        })
        if (!answer) {
          refused += 1
          continue
        }
        latency.record(Math.max(1, Math.round((performance.now() - sent) * 1_000)))
      }
    }),
  )
  const seconds = (performance.now() - start) / 1_000
  for (const connection of connections) connection.close()
  const [p50Ms, p99Ms] = [50, 99].map((percent) => latency.percentile(percent) / 1_000) as [number, number]
  return { requests: latency.count, seconds, p50Ms, p99Ms, maxMs: latency.max / 1_000, refused }
}

function batchesOf({ rounds = 0, users, batchActions = BATCH_ACTIONS }: LoadPlan): number {
  if (users % batchActions !== 0) throw new Error(`users must be a multiple of ${batchActions}`)
  return (rounds * users) / batchActions
}

export function randomUser({ firstUser, users, within, hotShare = 0 }: Users): () => number {
  if (!within) {
    return () => firstUser + (Math.random() < hotShare ? 0 : Math.floor(Math.random() * users))
  }
  const all = Array.from({ length: users }, (_, user) => firstUser + user)
  const own = all.filter((user) => within.own.includes(shardOf(userIdOf(user), within.shards)))
  return () => own[Math.floor(Math.random() * own.length)]!
}

/**
 * Every user once, then every user again, in an order that jumps about: 7,919 is prime and divides
 * no round number.
 */
function everyUser({ firstUser, users }: LoadPlan): () => number {
  let user = 0
  return () => {
    user = (user + 7_919) % users
    return firstUser + user
  }
}

export function batches(
  { port, batchActions }: Pick<LoadPlan, 'port' | 'batchActions'>,
  nextUser: () => number,
): () => Buffer {
  const templates = Array.from(
    { length: TEMPLATES },
    () => new SegmentBatch(`127.0.0.1:${port}`, Math.random, batchActions),
  )
  let turn = 0
  return () => {
    const batch = templates[turn++ % TEMPLATES] as SegmentBatch
    batch.refill(nextUser, Date.now())
    return batch.bytes
  }
}

export function reads({ port }: Pick<LoadPlan, 'port'>, nextUser: () => number): () => Buffer {
  return () =>
    Buffer.from(
      `GET /v1/profiles/${userIdOf(nextUser())} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n\r\n`,
      'latin1',
    )
}

if (import.meta.main) {
  const plan = JSON.parse(process.argv[2] ?? '{}') as LoadPlan
  process.stdout.write(`${JSON.stringify(await runLoad(plan))}\n`)
}
