// Appends to every shard of a log while others break what lies below, and follows all of them:
// which records were acknowledged, and which came, in what order.
import { setImmediate as nextTurn } from 'node:timers/promises'
import { onTestFinished } from 'vitest'
import type { ActionLog } from '../../src/log/action-log.ts'
import { until } from './until.ts'

export class LogWitness {
  /** Payloads of acknowledged records, by shard. */
  readonly acknowledged: string[][]
  /** Payloads that the follower of each shard was given. */
  readonly followed: string[][]
  readonly #log: ActionLog
  readonly #stop = new AbortController()
  #appending: Promise<void> = Promise.resolve()
  #appended = 0
  #finished = false
  /** Appends that were refused. */
  refused = 0

  constructor(log: ActionLog, shards: number) {
    this.#log = log
    this.acknowledged = Array.from({ length: shards }, () => [])
    this.followed = Array.from({ length: shards }, () => [])
    for (let shard = 0; shard < shards; shard++) void this.#follow(shard)
    onTestFinished(() => {
      this.#finished = true
      this.#stop.abort()
    })
  }

  /** Appends one after the other, to all shards at once, until `finish`. */
  start(): void {
    this.#appending = this.#append()
  }

  get total(): number {
    return this.acknowledged[0]!.length
  }

  /** Resolves when so many more appends were acknowledged. */
  async acknowledges(more: number): Promise<void> {
    const wanted = this.total + more
    await until(
      () => this.total >= wanted,
      () => `${this.total} of ${wanted} appends were acknowledged`,
    )
  }

  /** Ends appending; resolves when the followers have all that was acknowledged. */
  async finish(): Promise<void> {
    this.#finished = true
    await this.#appending
    for (const [shard, acknowledged] of this.acknowledged.entries()) {
      const last = acknowledged.at(-1)!
      await until(
        () => this.followed[shard]!.includes(last),
        () => `shard ${shard}: ${last} did not come; the last that did is ${this.followed[shard]!.at(-1)}`,
      )
    }
  }

  async #append(): Promise<void> {
    while (!this.#finished) {
      const text = `${this.#appended++}`
      const entries = this.acknowledged.map((_, shard) => ({ shard, payload: Buffer.from(text) }))
      try {
        await this.#log.append(entries)
        for (const shard of this.acknowledged) shard.push(text)
      } catch (error) {
        if ((error as { code?: string }).code !== 'STORAGE_UNAVAILABLE') throw error
        this.refused++
        // Refused at once, if the connection is lost.
        await nextTurn()
      }
    }
  }

  async #follow(shard: number): Promise<void> {
    for await (const records of this.#log.follow(shard, 0, this.#stop.signal)) {
      this.followed[shard]!.push(...records.map(({ payload }) => payload.toString()))
    }
  }
}
