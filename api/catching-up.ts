// Subscribers that are behind take turns. Each page that one of them reads holds the thread for
// some milliseconds, so many of them would starve all others.
import { setImmediate as nextTurn } from 'node:timers/promises'

/**
 * The most pages that are read in one turn of the event loop, or are on their way from a server.
 */
const AT_ONCE = 4

export class CatchingUp {
  #free = AT_ONCE
  readonly #waiting: (() => void)[] = []

  /** Runs `read` when its turn comes: callers that asked earlier go first. */
  async read<Page>(read: () => Promise<Page>): Promise<Page> {
    if (this.#free > 0) this.#free--
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    try {
      return await read()
    } finally {
      void nextTurn().then(() => this.#next())
    }
  }

  #next(): void {
    const next = this.#waiting.shift()
    if (next) next()
    else this.#free++
  }
}
