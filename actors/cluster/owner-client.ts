// Calls to the present owner of a shard, here or on another node. A call is tried again while the
// shard is between two owners.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import { PulseprintError } from '../../src/errors.ts'
import type { Membership } from '../../src/ownership/membership.ts'
import type { ShardOwnership } from '../../src/ownership/shard-ownership.ts'
import { systemClock } from '../../src/runtime/clock.ts'
import { within } from '../../src/runtime/deadline.ts'

/** Pause before the client looks again for the owner of a shard that has none. */
const RETRY_MS = 20

export interface OwnerClientDeps {
  ownership: ShardOwnership
  membership: Membership
  links: PeerCalls
}

export class OwnerClient {
  readonly #deps: OwnerClientDeps

  constructor(deps: OwnerClientDeps) {
    this.#deps = deps
  }

  /** The instance that runs the shard and lives, as far as this node can tell. */
  instanceOf(shard: number): string | undefined {
    const { ownership, membership } = this.#deps
    const owner = ownership.ownerOf(shard)?.instance
    if (owner === undefined) return undefined
    // A node that does not hear itself may have lost its shards to others.
    if (owner === ownership.self.instance) return membership.isHeard ? owner : undefined
    return membership.of(owner) ? owner : undefined
  }

  /**
   * Asks the owner of one shard. Errors: those of the owner; OWNER_UNREACHABLE if none has answered
   * in time.
   * @param local answers if this node runs the shard
   */
  async ask<Answer>(
    shard: number,
    waitMs: number,
    local: () => Promise<Answer>,
    method: string,
    ...parameters: unknown[]
  ): Promise<Answer> {
    const deadline = performance.now() + waitMs
    for (;;) {
      const instance = this.instanceOf(shard)
      const leftMs = Math.max(1, deadline - performance.now())
      try {
        if (instance === this.#deps.ownership.self.instance)
          return await within(local(), leftMs, systemClock, () => unreachable(shard))
        if (instance !== undefined)
          return await this.#deps.links.call<Answer>(instance, method, leftMs, ...parameters)
      } catch (error) {
        if (!isBetweenOwners(error)) throw error
      }
      if (performance.now() + RETRY_MS >= deadline) throw unreachable(shard)
      await sleep(RETRY_MS, undefined, { ref: false })
    }
  }
}

/**
 * True if the owner did nothing, or if nobody knows whether it did because the shard has no owner
 * now.
 */
function isBetweenOwners(error: unknown): boolean {
  return error instanceof PulseprintError && (error.code === 'NOT_OWNER' || error.code === 'PEER_LOST')
}

function unreachable(shard: number): PulseprintError {
  return new PulseprintError('OWNER_UNREACHABLE', `the owner of shard ${shard} does not answer`)
}
