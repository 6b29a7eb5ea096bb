// A cluster for tests of what one node does with the answers of others: owners, members and links
// are what a test says.
import type { ClusterIntakeDeps } from '../../actors/cluster/cluster-intake.ts'
import { OwnerClient } from '../../actors/cluster/owner-client.ts'
import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import { type ErrorCode, PulseprintError } from '../../src/errors.ts'
import type { Chunk, Submitted, SubmitWait } from '../../src/ingest/batch.ts'
import type { Membership } from '../../src/ownership/membership.ts'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'

/** Of the node under test. */
export const SELF = 'self'

export interface Taken {
  instance: string
  shards: number[]
}

export class FakeCluster {
  /** Instance by shard. */
  readonly owners = new Map<number, string>()
  readonly living = new Set([SELF])
  isHeard = true
  readonly taken: Taken[] = []
  /** What was asked of other nodes. */
  readonly asked: { instance: string; method: string; waitMs: number; parameters: unknown[] }[] = []
  /** Called before an instance takes its part, or answers: a test may throw here. */
  meddle: (instance: string, shards: readonly number[]) => void | Promise<void> = () => {}

  readonly calls: OwnerClient
  readonly #ownership = {
    self: { node: SELF, instance: SELF },
    ownerOf: (shard: number) => {
      const instance = this.owners.get(shard)
      return instance && { node: instance, instance, epoch: 1 }
    },
  } as ShardOwnership
  readonly #links: PeerCalls = {
    call: async <Result>(instance: string, method: string, waitMs: number, ...parameters: unknown[]) => {
      this.asked.push({ instance, method, waitMs, parameters })
      if (method !== 'take') {
        await this.meddle(instance, [])
        return `${method} of ${instance}` as Result
      }
      return (await this.#take(instance, parameters[0] as Chunk[])) as Result
    },
  }

  constructor() {
    this.calls = new OwnerClient({
      ownership: this.#ownership,
      membership: this.#membership as Membership,
      links: this.#links,
    })
  }

  get #membership(): Pick<Membership, 'isHeard' | 'of'> {
    const cluster = this
    return {
      get isHeard() {
        return cluster.isHeard
      },
      of: (instance) => (cluster.living.has(instance) ? ({} as ReturnType<Membership['of']>) : undefined),
    }
  }

  get intakeParts(): ClusterIntakeDeps {
    const local = { take: (chunks: readonly Chunk[], _: SubmitWait) => this.#take(SELF, chunks) }
    return {
      local: local as ClusterIntakeDeps['local'],
      self: SELF,
      owners: this.calls,
      links: this.#links,
    }
  }

  async #take(instance: string, chunks: readonly Chunk[]): Promise<Submitted> {
    const shards = chunks.map(({ shard }) => shard)
    await this.meddle(instance, shards)
    this.taken.push({ instance, shards })
    return {
      sequences: shards.map((shard) => 100 + shard),
      outcomes: shards.map(() => [0]),
      effects: shards.map(() => []),
    }
  }
}

export function failure(code: ErrorCode): PulseprintError {
  return new PulseprintError(code, `told to fail with ${code}`)
}
