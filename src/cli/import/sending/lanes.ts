// Sends rows in several requests at once and yet in order per user: every user belongs to one
// lane, and a lane has one request under way at a time, which it repeats until it is answered.
import { hash53 } from '../../../model/hash.ts'
import type { Source } from '../tally.ts'

export interface Entry {
  /** Place among the rows that are sent, from 1. */
  row: number
  /** The action as one line of NDJSON, without the line break. */
  line: string
  /** For the file of rejected rows. */
  source: Source
}

export interface LaneOptions {
  lanes: number
  rowsMax: number
  charactersMax: number
  /**
   * Sends one batch and settles its rows. Must not return before the engine has answered for good.
   */
  send(batch: readonly Entry[]): Promise<void>
}

export const LANE_DEFAULTS = { lanes: 4, rowsMax: 1_000, charactersMax: 1_000_000 }

export class Lanes {
  readonly #options: LaneOptions
  readonly #waiting: Entry[][]
  readonly #busy: boolean[]
  #failure: { error: unknown } | undefined
  #progress = Promise.withResolvers<void>()

  constructor(options: LaneOptions) {
    this.#options = options
    this.#waiting = Array.from({ length: options.lanes }, () => [])
    this.#busy = new Array(options.lanes).fill(false)
  }

  offer(user: string, entry: Entry): void {
    this.#waiting[hash53(user) % this.#options.lanes]!.push(entry)
  }

  /**
   * Starts every idle lane that has rows. What is offered while a lane is busy goes with its next
   * batch.
   */
  start(): void {
    for (let lane = 0; lane < this.#options.lanes; lane++) {
      if (!this.#busy[lane] && this.#waiting[lane]!.length > 0) void this.#run(lane)
    }
  }

  get idle(): boolean {
    return this.#busy.every((busy) => !busy) && this.#waiting.every((waiting) => waiting.length === 0)
  }

  /** Resolves when the next batch has been settled. Throws the error of a lane that failed. */
  async progress(): Promise<void> {
    if (!this.#failure) await this.#progress.promise
    this.throwFailure()
  }

  throwFailure(): void {
    if (this.#failure) throw this.#failure.error
  }

  async #run(lane: number): Promise<void> {
    this.#busy[lane] = true
    try {
      while (this.#waiting[lane]!.length > 0 && !this.#failure) {
        await this.#options.send(this.#take(this.#waiting[lane]!))
        this.#tell()
      }
    } catch (error) {
      this.#failure ??= { error }
    } finally {
      this.#busy[lane] = false
      this.#tell()
    }
  }

  #take(waiting: Entry[]): Entry[] {
    let count = 0
    let characters = 0
    do characters += waiting[count++]!.line.length
    while (
      count < waiting.length &&
      count < this.#options.rowsMax &&
      characters + waiting[count]!.line.length <= this.#options.charactersMax
    )
    return waiting.splice(0, count)
  }

  #tell(): void {
    this.#progress.resolve()
    this.#progress = Promise.withResolvers()
  }
}
