// Holds answers back to the end of the event loop's turn, so that those of one turn leave together.
// A client that wakes for the first one then finds the others coming. On a busy server, waking it
// for each answer costs more than the rest of a read.

export class AnswerBurst {
  #turn: Promise<void> | undefined

  /** Resolves at the end of this turn of the event loop. */
  turnEnd(): Promise<void> {
    this.#turn ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#turn = undefined
        resolve()
      })
    })
    return this.#turn
  }
}
