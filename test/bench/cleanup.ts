// Everything the benchmark has started and not yet ended, so that nothing stays behind, also after
// Ctrl-C.
export class Cleanup {
  readonly #tasks = new Set<() => Promise<void>>()
  #ending: Promise<void> | undefined

  /** Gives a function that runs the task now, once; otherwise `all` runs it. */
  defer(task: () => Promise<void>): () => Promise<void> {
    this.#tasks.add(task)
    return async () => {
      if (this.#tasks.delete(task)) await task()
    }
  }

  /** The latest first. Asked twice, both wait for the same end. */
  all(): Promise<void> {
    this.#ending ??= this.#endAll()
    return this.#ending
  }

  async #endAll(): Promise<void> {
    for (const task of [...this.#tasks].reverse()) {
      this.#tasks.delete(task)
      await task()
    }
  }
}
