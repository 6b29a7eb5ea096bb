// The way of a batch to the owners of its shards, wherever they are. If an owner is lost, its part
// goes to the next owner. Actions have ids, so they count once even if both owners took them.
import { setTimeout as sleep } from 'node:timers/promises'
import type { PeerCalls } from '../../src/calls/peer-calls.ts'
import { PulseprintError } from '../../src/errors.ts'
import { type Chunk, placePart, type Submitted, type SubmitWait } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import type { LocalEngine } from '../engine/local-engine.ts'
import type { OwnerClient } from './owner-client.ts'

/** Pauses before a part is tried again: the first, and the longest. */
const RETRY_MS = 20
const RETRY_MS_MAX = 200
/** Leaves room for actions of the same user that other clients send meanwhile. */
const RESENT_PER_USER_MAX = LIMITS.rememberedIdsMax / 2
/** A little longer than an owner waits until its actions are applied. */
const TAKE_WAIT_MS = LIMITS.applyWaitMs + 500

export interface ClusterIntakeDeps {
  local: LocalEngine
  self: string
  owners: OwnerClient
  links: PeerCalls
}

/** One request on its way. */
interface Request {
  chunks: readonly Chunk[]
  wait: SubmitWait
  submitted: Submitted
  /**
   * True if an owner has taken its part, or may have: then the request cannot be refused as a
   * whole.
   */
  mayBeTaken: boolean
}

export class ClusterIntake {
  readonly #deps: ClusterIntakeDeps

  constructor(deps: ClusterIntakeDeps) {
    this.#deps = deps
  }

  /**
   * Errors: those of the owners; OWNER_UNREACHABLE if a shard had no owner for too long. Actions
   * taken by then count, and count once if they are sent again with the same ids.
   */
  async take(chunks: readonly Chunk[], wait: SubmitWait): Promise<Submitted> {
    const submitted: Submitted = { sequences: [], outcomes: [], effects: [] }
    const request: Request = { chunks, wait, submitted, mayBeTaken: false }
    const deadline = performance.now() + LIMITS.ownerWaitMs
    let left = [...chunks.keys()]
    for (let pauseMs = RETRY_MS; ; pauseMs = Math.min(2 * pauseMs, RETRY_MS_MAX)) {
      left = await this.#tryAll(request, left)
      if (left.length === 0) return submitted
      if (performance.now() > deadline) {
        const { shard } = chunks[left[0]!]!
        throw new PulseprintError('OWNER_UNREACHABLE', `shard ${shard} has no owner that takes actions`)
      }
      await sleep(pauseMs, undefined, { ref: false })
    }
  }

  /** Sends each owner its part. Gives the places of the chunks that must be tried again. */
  async #tryAll(request: Request, places: readonly number[]): Promise<number[]> {
    const parts = Map.groupBy(places, (place) => this.#deps.owners.instanceOf(request.chunks[place]!.shard))
    const tried = [...parts].map(async ([instance, part]) => {
      if (instance === undefined) return part
      const taken = await this.#send(instance, request, part)
      return taken ? [] : part
    })
    const results = await Promise.allSettled(tried)
    for (const result of results) {
      if (result.status === 'rejected' && !(request.mayBeTaken && isRefusal(result.reason)))
        throw result.reason
    }
    return results.flatMap((result, index) =>
      result.status === 'fulfilled' ? result.value : [...parts.values()][index]!,
    )
  }

  /** False if the owner is lost or no longer the owner. */
  async #send(instance: string, request: Request, places: readonly number[]): Promise<boolean> {
    const { chunks, wait, submitted } = request
    try {
      const part = await this.#takeAt(
        instance,
        places.map((place) => chunks[place]!),
        wait,
      )
      request.mayBeTaken = true
      placePart(submitted, places, part)
      return true
    } catch (error) {
      const code = error instanceof PulseprintError ? error.code : undefined
      if (code === 'NOT_OWNER') return false
      if (!isRefusal(error)) request.mayBeTaken = true
      if (code !== 'PEER_LOST') throw error
      // The owner may have put its part into the log before it was lost, or lost the shard.
      if (!places.some((place) => mayCountTwice(chunks[place]!))) return false
      throw new PulseprintError('OWNER_UNREACHABLE', UNKNOWN)
    }
  }

  #takeAt(instance: string, chunks: readonly Chunk[], wait: SubmitWait): Promise<Submitted> {
    const { local, self, links } = this.#deps
    if (instance === self) return local.take(chunks, wait)
    const sent = chunks.map(({ shard, count, bytes }) => ({ shard, count, bytes }))
    return links.call(instance, 'take', TAKE_WAIT_MS, sent, wait)
  }
}

const UNKNOWN =
  'the owner was lost while the actions were on their way; so many of one user cannot be sent again without counting some twice'

/**
 * A shard remembers a bounded number of ids per user. If a part with more of one user were sent
 * again, some actions would count twice.
 */
function mayCountTwice({ actions, count }: Chunk): boolean {
  if (count <= RESENT_PER_USER_MAX) return false
  const counts = new Map<string, number>()
  for (const { user } of actions ?? []) counts.set(user, (counts.get(user) ?? 0) + 1)
  return actions === undefined || Math.max(...counts.values()) > RESENT_PER_USER_MAX
}

/** The owner took nothing of the part, but may soon. */
function isRefusal(error: unknown): boolean {
  return error instanceof PulseprintError && (error.code === 'OVERLOADED' || error.code === 'NOT_READY')
}
