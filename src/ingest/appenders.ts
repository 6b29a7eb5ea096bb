// The appenders of one node: one for each lane of the log, because writes to different lanes need
// not wait for each other.
import type { ActionLog } from '../log/action-log.ts'
import type { Clock } from '../runtime/clock.ts'
import { settled } from '../runtime/settled.ts'
import { Appender, type Placement } from './appender.ts'
import type { Chunk } from './batch.ts'

export class Appenders {
  readonly #lanes: Appender[]

  constructor(log: ActionLog, clock: Clock, epochOf: (shard: number) => number) {
    this.#lanes = Array.from({ length: log.lanes }, () => new Appender(log, clock, epochOf))
  }

  /** Bytes taken and not yet durable. */
  get queuedBytes(): number {
    return this.#lanes.reduce((sum, lane) => sum + lane.queuedBytes, 0)
  }

  /** Like Appender.append. If one lane refuses, chunks of the others may be in the log. */
  async append(chunks: readonly Chunk[]): Promise<Placement[]> {
    if (this.#lanes.length === 1) return this.#lanes[0]!.append(chunks)
    const placements: Placement[] = []
    const appends = this.#lanes.map(async (lane, number) => {
      const places = [...chunks.keys()].filter((place) => this.#laneOf(chunks[place]!.shard) === number)
      const appended = await lane.append(places.map((place) => chunks[place]!))
      for (const [index, place] of places.entries()) placements[place] = appended[index]!
    })
    await settled(appends)
    return placements
  }

  /** Like Appender.appendTick. */
  appendTick(shard: number, users: readonly string[]): Promise<number> {
    return this.#lanes[this.#laneOf(shard)]!.appendTick(shard, users)
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    await Promise.all(this.#lanes.map((lane) => lane.drain()))
  }

  #laneOf(shard: number): number {
    return shard % this.#lanes.length
  }
}
