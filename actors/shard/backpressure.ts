// Keeps a shard's memory within its bounds. Idle users leave it, and if the streams are behind, the
// shard waits.
import { setTimeout as sleep } from 'node:timers/promises'
import { isFenced } from '../../src/errors.ts'
import type { Publisher } from '../publishing/publisher.ts'
import type { HotUsers } from '../users/hot-users.ts'

/** Pause before a refused write is tried again. */
const STORE_RETRY_MS = 200

export interface BackpressureDeps {
  users: HotUsers
  publisher: Publisher
  /** Saves the shard's changes. */
  checkpoint(): Promise<void>
  /** Aborts when the shard ends: then nobody waits any more. */
  ended: AbortSignal
}

export class Backpressure {
  readonly #deps: BackpressureDeps

  constructor(deps: BackpressureDeps) {
    this.#deps = deps
  }

  /** Resolves when there is room for more users and records. Errors: FENCED. */
  async wait(): Promise<void> {
    const { users, publisher, ended } = this.#deps
    if (users.full) await this.#passivate()
    while (!publisher.hasRoom && !ended.aborted) await pause()
  }

  /**
   * Keeps the hot users within their bound. Idle users go; if all have unsaved changes, the shard
   * saves those first.
   */
  async #passivate(): Promise<void> {
    const { users, checkpoint, ended } = this.#deps
    users.passivate()
    while (users.full && !ended.aborted) {
      await checkpoint().catch(async (error) => {
        if (isFenced(error)) throw error
        await pause()
      })
      users.passivate()
    }
  }
}

/**
 * The store may come back. Until then the shard stands still, and soon the front door refuses
 * actions.
 */
function pause(): Promise<void> {
  return sleep(STORE_RETRY_MS, undefined, { ref: false })
}
