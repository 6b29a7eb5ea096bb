// The way of a question to the owners of its shards, wherever they are. If an owner does not
// answer, a snapshot may.
import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import { PulseprintError } from '../../src/errors.ts'
import { LIMITS } from '../../src/limits.ts'
import type { ActionLog } from '../../src/log/action-log.ts'
import type { Membership } from '../../src/ownership/membership.ts'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'
import { Fold } from '../../src/profile/fold.ts'
import { newestParts, type ShardPart } from '../../src/questions/every-shard.ts'
import type {
  EveryShardQuestion,
  Question,
  SavedShard,
  ShardQuestion,
  UnansweredShard,
} from '../../src/questions/question.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import type { SnapshotStore } from '../../src/snapshots/snapshot-store.ts'
import type { LocalEngine } from '../engine/local-engine.ts'
import type { OwnerClient } from './owner-client.ts'

export interface ClusterQuestionsDeps {
  local: Pick<LocalEngine, 'definition' | 'shards' | 'ask' | 'parts'>
  ownership: ShardOwnership
  membership: Pick<Membership, 'others' | 'of'>
  links: PeerCalls
  owners: Pick<OwnerClient, 'ask'>
  log: ActionLog
  snapshots: SnapshotStore
  clock: Clock
}

export class ClusterQuestions {
  readonly #deps: ClusterQuestionsDeps
  readonly #fold: Fold

  constructor(deps: ClusterQuestionsDeps) {
    this.#deps = deps
    this.#fold = new Fold(deps.local.definition)
  }

  /** Errors: those of the question; OWNER_UNREACHABLE if no owner has answered in time. */
  ask<Parameters, Answer>(question: Question<Parameters, Answer>, parameters: Parameters): Promise<Answer> {
    return question.scope === 'shard'
      ? this.#askShard(question, parameters)
      : this.#askEveryShard(question, parameters)
  }

  async #askShard<Parameters, Answer>(
    question: ShardQuestion<Parameters, Answer>,
    parameters: Parameters,
  ): Promise<Answer> {
    try {
      return await this.#askOwner(question, parameters, question.waitMs(parameters))
    } catch (error) {
      if (!question.fromSnapshot || !isUnanswered(error)) throw error
      const saved = this.#saved(question.shardOf(parameters, this.#deps.local.shards))
      return question.fromSnapshot(saved, parameters, error.message).catch((reason: unknown) => {
        if (!isUnanswered(reason)) throw reason
        return this.#askOwner(question, parameters, LIMITS.readWaitMs)
      })
    }
  }

  async #askOwner<Parameters, Answer>(
    question: ShardQuestion<Parameters, Answer>,
    parameters: Parameters,
    waitMs: number,
  ): Promise<Answer> {
    const { local, owners } = this.#deps
    const shard = question.shardOf(parameters, local.shards)
    const here = () => local.ask(question, parameters)
    const answer = await owners.ask(shard, waitMs, here, 'ask', question.name, parameters)
    // MessagePack turns undefined into null.
    return (answer ?? undefined) as Answer
  }

  #saved(shard: number): SavedShard {
    const { local, snapshots, clock } = this.#deps
    return { shard, definition: local.definition, fold: this.#fold, snapshots, clock }
  }

  async #askEveryShard<Parameters, Part, Answer>(
    question: EveryShardQuestion<Parameters, Part, Answer>,
    parameters: Parameters,
  ): Promise<Answer> {
    const { local, membership, links } = this.#deps
    const waitMs = question.waitMs(parameters)
    const others = membership.others.map(({ instance }) =>
      links.call<ShardPart<Part>[]>(instance, 'ask', waitMs, question.name, parameters).catch(() => []),
    )
    const told = await Promise.all([local.parts(question, parameters), ...others])
    const known = newestParts(told.flat())
    const parts = Array.from({ length: local.shards }, async (_, shard) => {
      const part = known.get(shard)
      return part === undefined ? question.unanswered(this.#unanswered(shard), parameters) : part
    })
    return question.combine(await Promise.all(parts), parameters)
  }

  #unanswered(shard: number): UnansweredShard {
    const { ownership, membership, log, snapshots, clock } = this.#deps
    const owner = ownership.ownerOf(shard)
    const lives =
      owner && (owner.instance === ownership.self.instance || membership.of(owner.instance) !== undefined)
    return { shard, owner: lives ? owner.node : undefined, epoch: owner?.epoch, log, snapshots, clock }
  }
}

function isUnanswered(error: unknown): error is PulseprintError {
  return error instanceof PulseprintError && ['OWNER_UNREACHABLE', 'NOT_READY'].includes(error.code)
}
