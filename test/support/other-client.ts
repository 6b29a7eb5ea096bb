// Another client of an engine that is attacked: it reads one profile again and again, and remembers
// its longest wait and what it was answered.

export class OtherClient {
  readonly statuses: Record<string, number> = {}
  longestMs = 0
  readonly #url: string
  #stopped = false
  readonly #reading: Promise<void>

  constructor(origin: string) {
    this.#url = `${origin}/v1/profiles/somebody`
    this.#reading = this.#readOn()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    await this.#reading
  }

  async #readOn(): Promise<void> {
    while (!this.#stopped) {
      const startedAt = performance.now()
      const status = await fetch(this.#url).then(
        async (response) => {
          await response.arrayBuffer()
          return String(response.status)
        },
        () => 'no answer',
      )
      this.statuses[status] = (this.statuses[status] ?? 0) + 1
      this.longestMs = Math.max(this.longestMs, performance.now() - startedAt)
    }
  }
}
