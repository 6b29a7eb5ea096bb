// How long shards are away when their node is killed, and when it leaves, while actions come in.
import { setTimeout as pause } from 'node:timers/promises'
import type { Cleanup } from './cleanup.ts'
import type { ClusterNode } from './cluster-node.ts'
import { ClusterUnderTest } from './cluster-under-test.ts'
import { definitionWith } from './definitions.ts'
import type { LoadPlan, LoadResult } from './load.ts'
import type { BenchPlan } from './plan.ts'
import { runLoad } from './run-load.ts'
import { BATCH_ACTIONS } from './segment-batch.ts'
import { type Asked, ShardWatch, WATCHED } from './shard-watch.ts'

/** Milliseconds, one per shard that the node ran. */
export interface Takeover {
  /** From kill -9 to the first read that the new owner has answered. */
  readMs: number[]
  /** From kill -9 to the first write that is acknowledged. */
  writeMs: number[]
}

export interface Handover {
  /** Longest time without an acknowledged write, of each shard that the node ran. */
  pausesMs: number[]
  /** Of all shards. */
  longestReadMs: number
  /** From SIGTERM until the node was gone. */
  tookMs: number
  failed: number
  /** Reads that a stored profile has answered. */
  fromSnapshots: number
}

export interface ClusterMoves {
  /** Actions per second that came in meanwhile. */
  loads: number[]
  nats: number
  takeovers: Takeover[]
  handovers: Handover[]
}

const NODES = 3
const LOAD_MAX = 20_000
const CONNECTIONS = 8
/** The load begins before, and ends after what is watched: a takeover may take so long. */
const BEFORE_SECONDS = 2
const AFTER_SECONDS = 8

/** @param halfOfLimit actions per second */
export async function measureClusterMoves(
  plan: BenchPlan,
  halfOfLimit: number,
  cleanup: Cleanup,
  say: (text: string) => void,
): Promise<ClusterMoves> {
  const { nats, kills, leaves } = plan.cluster
  const cluster = await ClusterUnderTest.start(
    cleanup,
    { nodes: NODES, nats },
    definitionWith({ actions: [WATCHED] }),
  )
  const [first] = cluster.nodes as [ClusterNode, ...ClusterNode[]]
  const shards = (await cluster.shards()).length
  const actionsPerSecond = Math.min(LOAD_MAX, halfOfLimit)
  const common: LoadPlan = {
    port: first.port,
    kind: 'ingest',
    connections: CONNECTIONS,
    firstUser: 0,
    users: plan.users,
  }
  await runLoad({ ...common, rounds: 1 })
  await runLoad({ ...common, seconds: plan.warmSeconds })
  const moves: ClusterMoves = { loads: [], nats, takeovers: [], handovers: [] }
  const move = async (go: (node: ClusterNode, watch: ShardWatch) => Promise<void>) => {
    const [, stays, goes] = cluster.nodes as [ClusterNode, ClusterNode, ClusterNode]
    const seconds = BEFORE_SECONDS + AFTER_SECONDS
    const otherPorts = [stays.port]
    const load = runLoad({ ...common, otherPorts, seconds, actionsPerSecond, mayBeRefused: true })
    const watch = await ShardWatch.start(first.port, shards)
    await pause(BEFORE_SECONDS * 1_000)
    await go(goes, watch)
    const taken = await load
    moves.loads.push((taken.requests * BATCH_ACTIONS) / taken.seconds)
    await watch.stop()
    await cluster.join()
    await cluster.spread()
    return taken
  }
  for (let kill = 1; kill <= kills; kill++) {
    say(`cluster, kill -9, ${kill} of ${kills}`)
    await move(async (node, watch) => {
      moves.takeovers.push(await takeover(cluster, node, watch))
    })
  }
  for (let leave = 1; leave <= leaves; leave++) {
    say(`cluster, SIGTERM, ${leave} of ${leaves}`)
    let handover: (load: LoadResult) => Handover = () => {
      throw new Error('no node has left')
    }
    const load = await move(async (node, watch) => {
      handover = await leaving(cluster, node, watch)
    })
    moves.handovers.push(handover(load))
  }
  await cluster.stop()
  return moves
}

async function takeover(cluster: ClusterUnderTest, node: ClusterNode, watch: ShardWatch): Promise<Takeover> {
  const own = await cluster.shardsOf(node)
  const killedAt = performance.now()
  await cluster.kill([node])
  const deadAt = performance.now()
  await cluster.spread()
  await watch.stop()
  const after = (asked: readonly Asked[], counts: (one: Asked) => boolean) => {
    const found = asked.find((one) => one.answeredAt > deadAt && one.ok && counts(one))
    if (!found) throw new Error('a shard was not served again while it was watched')
    return found.answeredAt - killedAt
  }
  return {
    readMs: own.map((shard) => after(watch.reads[shard]!, ({ live }) => live)),
    writeMs: own.map((shard) => after(watch.writes[shard]!, () => true)),
  }
}

/** Gives what is told once the load has ended. */
async function leaving(
  cluster: ClusterUnderTest,
  node: ClusterNode,
  watch: ShardWatch,
): Promise<(load: LoadResult) => Handover> {
  const own = await cluster.shardsOf(node)
  const start = performance.now()
  await cluster.leave(node)
  const tookMs = performance.now() - start
  await cluster.spread()
  await watch.stop()
  const reads = watch.reads.flat().filter(({ answeredAt }) => answeredAt >= start)
  const writes = watch.writes.flat().filter(({ answeredAt }) => answeredAt >= start)
  return ({ refused }) => ({
    pausesMs: own.map((shard) => longestPause(watch.writes[shard]!, start)),
    longestReadMs: Math.max(...reads.map(({ sentAt, answeredAt }) => answeredAt - sentAt)),
    tookMs,
    failed: refused + [...reads, ...writes].filter(({ ok }) => !ok).length,
    fromSnapshots: reads.filter(({ ok, live }) => ok && !live).length,
  })
}

/** Longest time between two acknowledged writes of which the later was after `start`. */
function longestPause(writes: readonly Asked[], start: number): number {
  const answered = writes.filter(({ ok }) => ok).map(({ answeredAt }) => answeredAt)
  let longest = 0
  for (const [place, at] of answered.entries()) {
    if (place > 0 && at > start) longest = Math.max(longest, at - answered[place - 1]!)
  }
  return longest
}
