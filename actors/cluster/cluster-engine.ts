// The whole engine, as any node of a cluster sees it: what concerns a shard goes to the node that
// runs it.

import type { Handlers } from '../../src/calls/call-protocol.ts'
import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import type { Definition } from '../../src/definition/definition.ts'
import type { Engine, StreamReader } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'
import type { Batch, Submitted, SubmitWait } from '../../src/ingest/batch.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Membership } from '../../src/ownership/membership.ts'
import type { ShardKeeper } from '../../src/ownership/shard-keeper.ts'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'
import type { Question } from '../../src/questions/question.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { LocalEngine } from '../engine/local-engine.ts'
import { questionHandler } from '../engine/question-handler.ts'
import { ClusterIntake } from './cluster-intake.ts'
import { ClusterQuestions } from './cluster-questions.ts'
import { OwnerClient } from './owner-client.ts'

export interface ClusterEngineDeps {
  local: LocalEngine
  ownership: ShardOwnership
  membership: Membership
  keeper: ShardKeeper
  links: PeerCalls
  log: ActionLog
  snapshots: SnapshotStore
  clock: Clock
}

export class ClusterEngine implements Engine {
  readonly definition: Definition
  readonly shards: number
  /** Any node can read all streams. */
  readonly streams: StreamReader
  readonly #deps: ClusterEngineDeps
  readonly #owners: OwnerClient
  readonly #questions: ClusterQuestions
  readonly #intake: ClusterIntake
  #wasReady = false

  constructor(deps: ClusterEngineDeps) {
    const { local, links, ownership } = deps
    this.definition = local.definition
    this.shards = local.shards
    this.streams = local.streams
    this.#deps = deps
    this.#owners = new OwnerClient(deps)
    this.#questions = new ClusterQuestions({ ...deps, owners: this.#owners })
    this.#intake = new ClusterIntake({ local, links, self: ownership.self.instance, owners: this.#owners })
  }

  async submit({ chunks }: Batch, wait: SubmitWait): Promise<Submitted> {
    for (const instance of new Set(chunks.map(({ shard }) => this.#owners.instanceOf(shard)))) {
      const refusal = instance && this.#refusalOf(instance)
      if (refusal) throw refusal
    }
    return this.#intake.take(chunks, wait)
  }

  /** Why an owner takes no more actions now, as far as this node knows. */
  #refusalOf(instance: string): PulseprintError | undefined {
    const { local, membership, ownership } = this.#deps
    if (instance === ownership.self.instance) return local.overload()
    const refusal = membership.of(instance)?.refusal
    return refusal && new PulseprintError(refusal.code, refusal.message, { retryAfterSeconds: 1 })
  }

  ask<Parameters, Answer>(question: Question<Parameters, Answer>, parameters: Parameters): Promise<Answer> {
    return this.#questions.ask(question, parameters)
  }

  storageProblem(): string | undefined {
    return this.#deps.local.storageProblem()
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
    ...questionHandler(local, () => {
      if (!membership.isHeard) throw new PulseprintError('NOT_OWNER', 'this node may have lost the shard')
    }),
  }
}
