// Keeps what a shard holds in memory within its bounds: idle users go, and if the streams are
// behind, the shard waits.
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

  /** Resolves once there is room for more users and records. Errors: FENCED. */
  async wait(): Promise<void> {
    const { users, publisher, ended } = this.#deps
    if (users.full) await this.#passivate()
    while (!publisher.hasRoom && !ended.aborted) await pause()
  }

  /**
   * Keeps the hot users within their bound: idle ones go; if all have unsaved changes, those are
   * saved first.
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
 * The store may come back; until then the shard stands still, and the front door refuses in its
 * turn.
 */
function pause(): Promise<void> {
  return sleep(STORE_RETRY_MS, undefined, { ref: false })
}
