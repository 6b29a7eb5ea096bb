// The whole engine, as any node of a cluster sees it: what concerns a shard goes to the node that runs it.

import type { Handlers } from '../../src/calls/call-protocol.ts'
import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type {
  CountsOptions,
  CountsView,
  Engine,
  ExplainOptions,
  ExplainView,
  ProfileView,
  ReadOptions,
  RebuildView,
  ShardStatus,
  StreamReader,
  TimelineOptions,
  TimelineView,
} from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import type { Batch, Submitted, SubmitWait } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import { shardOf } from '../../src/model/hash.ts'
import type { Membership } from '../../src/ownership/membership.ts'
import type { ShardKeeper } from '../../src/ownership/shard-keeper.ts'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'
import type { LocalEngine } from '../engine/local-engine.ts'
import { ClusterIntake } from './cluster-intake.ts'
import type { ClusterStatus } from './cluster-status.ts'
import { OwnerClient } from './owner-client.ts'
import type { SnapshotReader } from './snapshot-reader.ts'

export interface ClusterEngineDeps {
  local: LocalEngine
  ownership: ShardOwnership
  membership: Membership
  keeper: ShardKeeper
  links: PeerCalls
  snapshots: SnapshotReader
  status: ClusterStatus
}

export class ClusterEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  /** Any node can read all streams. */
  readonly streams: StreamReader
  readonly #deps: ClusterEngineDeps
  readonly #calls: OwnerClient
  readonly #intake: ClusterIntake
  #wasReady = false

  constructor(deps: ClusterEngineDeps) {
    const { local, links, ownership } = deps
    this.definition = local.definition
    this.shards = local.shards
    this.streams = local.streams
    this.#deps = deps
    this.#calls = new OwnerClient(deps)
    this.#intake = new ClusterIntake({ local, links, self: ownership.self.instance, calls: this.#calls })
  }

  async submit({ chunks }: Batch, wait: SubmitWait): Promise<Submitted> {
    for (const instance of new Set(chunks.map(({ shard }) => this.#calls.instanceOf(shard)))) {
      const refusal = instance && this.#refusalOf(instance)
      if (refusal) throw refusal
    }
    return this.#intake.take(chunks, wait)
  }

  /** Why an owner takes nothing more now, as far as this node knows. */
  #refusalOf(instance: string): PulseprintError | undefined {
    const { local, membership, ownership } = this.#deps
    if (instance === ownership.self.instance) return local.overload()
    const refusal = membership.of(instance)?.refusal
    return refusal && new PulseprintError(refusal.code, refusal.message, { retryAfterSeconds: 1 })
  }

  async profile(user: string, options: ReadOptions): Promise<ProfileView | undefined> {
    const { local, snapshots } = this.#deps
    // Who has to read their own writes waits for them, as on one node.
    const waitMs = LIMITS.ownerReadWaitMs + (options.minSequence === undefined ? 0 : LIMITS.readWaitMs)
    try {
      return await this.#ask(user, waitMs, () => local.profile(user, options), 'profile', options)
    } catch (error) {
      if (!isUnanswered(error)) throw error
      return await snapshots.profile(user, options, error.message).catch((reason: unknown) => {
        // Nothing is saved of the user yet: only the owner can tell.
        if (!isUnanswered(reason)) throw reason
        return this.#patiently(user, () => local.profile(user, options), 'profile', options)
      })
    }
  }

  counts(user: string, options: CountsOptions): Promise<CountsView | undefined> {
    return this.#patiently(user, () => this.#deps.local.counts(user, options), 'counts', options)
  }

  timeline(user: string, options: TimelineOptions): Promise<TimelineView | undefined> {
    return this.#patiently(user, () => this.#deps.local.timeline(user, options), 'timeline', options)
  }

  explain(user: string, name: string, options: ExplainOptions): Promise<ExplainView | undefined> {
    return this.#patiently(
      user,
      () => this.#deps.local.explain(user, name, options),
      'explain',
      name,
      options,
    )
  }

  /** For what no snapshot answers. */
  #patiently<View>(
    user: string,
    local: () => Promise<View | undefined>,
    method: string,
    ...options: unknown[]
  ): Promise<View | undefined> {
    return this.#ask(user, LIMITS.readWaitMs, local, method, ...options)
  }

  async #ask<View>(
    user: string,
    waitMs: number,
    local: () => Promise<View | undefined>,
    method: string,
    ...options: unknown[]
  ): Promise<View | undefined> {
    const shard = shardOf(user, this.shards)
    // MessagePack has no undefined: null is who is not known.
    return (await this.#calls.ask(shard, waitMs, local, method, user, ...options)) ?? undefined
  }

  startRebuild(shard: number): Promise<RebuildView> {
    const { local } = this.#deps
    return this.#calls.ask(shard, LIMITS.readWaitMs, () => local.startRebuild(shard), 'startRebuild', shard)
  }

  rebuild(shard: number): Promise<RebuildView> {
    const { local } = this.#deps
    return this.#calls.ask(shard, LIMITS.readWaitMs, () => local.rebuild(shard), 'rebuild', shard)
  }

  shardStatus(): Promise<ShardStatus[]> {
    return this.#deps.status.shards()
  }

  notReady(): string | undefined {
    const { keeper, membership, local } = this.#deps
    if (keeper.state === 'admitted') return 'the node is joining the cluster'
    if (keeper.state !== 'serving') return 'the node is leaving the cluster'
    if (!membership.isHeard) return 'the node does not hear itself over NATS'
    if (keeper.problem !== undefined) return keeper.problem
    const reason = local.notReady()
    // Later on, a node that replays a shard still answers for all the others.
    if (this.#wasReady && local.isReplaying) return undefined
    this.#wasReady ||= reason === undefined
    return reason
  }
}

/** What other nodes may call here. */
export function handlersOf(local: LocalEngine, membership: Membership): Handlers {
  return {
    take(chunks: Parameters<LocalEngine['take']>[0], wait: SubmitWait) {
      const refusal = local.overload()
      if (refusal) throw refusal
      return local.take(chunks, wait)
    },
    async profile(user: string, options: ReadOptions) {
      if (!membership.isHeard) throw new PulseprintError('NOT_OWNER', 'this node may have lost the shard')
      return (await local.profile(user, options)) ?? null
    },
    counts: async (user: string, options: CountsOptions) => (await local.counts(user, options)) ?? null,
    timeline: async (user: string, options: TimelineOptions) => (await local.timeline(user, options)) ?? null,
    explain: async (user: string, name: string, options: ExplainOptions) =>
      (await local.explain(user, name, options)) ?? null,
    startRebuild: (shard: number) => local.startRebuild(shard),
    rebuild: (shard: number) => local.rebuild(shard),
    shardStatus: () => local.shardStatus(),
  }
}

function isUnanswered(error: unknown): error is PulseprintError {
  return error instanceof PulseprintError && ['OWNER_UNREACHABLE', 'NOT_READY'].includes(error.code)
}
