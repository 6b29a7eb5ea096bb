// Shares the turns of the event loop with work that would otherwise fill them: records to apply,
// large bodies to read. After some milliseconds of it, sockets and timers have their turn, so that
// a short request never waits for all of it.

export class TurnBudget {
  readonly #milliseconds: number
  readonly #waiting: (() => void)[] = []
  /** When work began in this turn of the event loop; undefined if there was none. */
  #began: number | undefined

  /** @param milliseconds of work in one turn of the event loop */
  constructor(milliseconds: number) {
    this.#milliseconds = milliseconds
  }

  /**
   * Does a piece of work: here and now if this turn has time for it, else in a later turn. Who asked
   * first goes first. Only what the work does before it awaits anything counts as its time.
   */
  run<T>(work: () => T): T | Promise<Awaited<T>> {
    if (this.#began === undefined) this.#begin()
    else if (this.#waiting.length > 0 || !this.#hasTime()) return this.#later(work)
    return work()
  }

  #later<T>(work: () => T): Promise<Awaited<T>> {
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        try {
          resolve(work() as Awaited<T>)
        } catch (error) {
          reject(error)
        }
      })
    })
  }

  #begin(): void {
    this.#began = performance.now()
    setImmediate(() => this.#nextTurn())
  }

  #hasTime(): boolean {
    return performance.now() - this.#began! < this.#milliseconds
  }

  #nextTurn(): void {
    this.#began = undefined
    if (this.#waiting.length === 0) return
    this.#begin()
    // However late it is: every turn does some of the work.
    do this.#waiting.shift()!()
    while (this.#waiting.length > 0 && this.#hasTime())
  }
}
