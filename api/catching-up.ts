// Subscribers that are behind take turns. Each page that one reads holds the thread for some
// milliseconds: with many of them, nobody else would ever have a turn.
import { setImmediate as nextTurn } from 'node:timers/promises'

/** Pages read in one turn of the event loop, or on their way from a server. */
const AT_ONCE = 4

export class CatchingUp {
  #free = AT_ONCE
  readonly #waiting: (() => void)[] = []

  /** Runs `read` once it is its turn: those that asked before come first. */
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
