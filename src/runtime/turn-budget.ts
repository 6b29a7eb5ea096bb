// Shares the turns of the event loop with work that would otherwise fill them: records to apply,
// large bodies to read. After some milliseconds of it, sockets and timers have their turn, so that
// a short request never waits for all of it.

export class TurnBudget {
  readonly #milliseconds: number
  readonly #waiting: (() => void)[] = []
  /** When work began in this turn of the event loop; undefined if there was none. */
  #began: number | undefined
  #isGoingOn = false

  /** @param milliseconds of work in one turn of the event loop */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /**
   * Resolves when a piece of work may begin. Do it at once, without another await. Who asked first
   * goes on first.
   */
  room(): Promise<void> {
    return new Promise((resolve) => {
      this.#waiting.push(resolve)
      if (this.#isGoingOn) return
      if (this.#began !== undefined && this.#isSpent()) return
      if (this.#began === undefined) this.#begin()
      this.#isGoingOn = true
      queueMicrotask(() => this.#letOneGoOn())
    })
  }

  #begin(): void {
    this.#began = performance.now()
    setImmediate(() => this.#nextTurn())
  }

  #isSpent(): boolean {
    return performance.now() - this.#began! >= this.#milliseconds
  }

  #nextTurn(): void {
    this.#began = undefined
    if (this.#waiting.length === 0) return
    this.#begin()
    // However late it is: every turn does some of the work.
    this.#isGoingOn = true
    this.#letOneGoOn()
  }

  /** It does its work before the next microtask looks at the time. */
  #letOneGoOn(): void {
    this.#waiting.shift()!()
    queueMicrotask(() => {
      this.#isGoingOn = this.#waiting.length > 0 && !this.#isSpent()
      if (this.#isGoingOn) this.#letOneGoOn()
    })
  }
}
