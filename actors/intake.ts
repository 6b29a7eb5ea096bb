// The way of a batch into the log, and of what became of it back to who sent it.
import { PulseprintError } from '../src/errors.ts'
import type { Appender, Placement } from '../src/ingest/appender.ts'
import type { Chunk, Submitted, SubmitWait } from '../src/ingest/batch.ts'
import { LIMITS } from '../src/limits.ts'
import type { Clock } from '../src/runtime/clock.ts'
import { within } from '../src/runtime/deadline.ts'
import { type Applied, partOf } from './applied-log.ts'
import type { ShardRunner } from './shard-runner.ts'

export class Intake {
  readonly #appender: Appender
  readonly #clock: Clock
  readonly #runnerOf: (shard: number) => ShardRunner
  /** Actions handed to the log and not refused by it, since the start. */
  actionsTaken = 0

  constructor(appender: Appender, clock: Clock, runnerOf: (shard: number) => ShardRunner) {
    this.#appender = appender
    this.#clock = clock
    this.#runnerOf = runnerOf
  }

  /** Errors: STORAGE_UNAVAILABLE; NOT_YET_APPLIED where the actions are durable, but applying them takes too long. */
  async take(chunks: readonly Chunk[], wait: SubmitWait): Promise<Submitted> {
    let actions = 0
    for (const chunk of chunks) actions += chunk.count
    this.actionsTaken += actions
    const placements = await this.#appender.append(chunks).catch((error) => {
      this.actionsTaken -= actions
      throw error
    })
    const sequences = placements.map(({ sequence }) => sequence)
    if (wait === 'durable') return { sequences, outcomes: [], effects: [] }
    const applied = this.#reachAll(chunks, placements)
    const records = await within(applied, LIMITS.applyWaitMs, this.#clock, notYetApplied)
    return {
      sequences,
      outcomes: records.map(({ outcomes }) => outcomes),
      effects: records.map(({ effects }) => effects),
    }
  }

  /** What became of each chunk's actions, asked for as each shard gets there: it forgets while others are behind. */
  #reachAll(chunks: readonly Chunk[], placements: readonly Placement[]): Promise<Applied[]> {
    return Promise.all(
      chunks.map(async ({ shard, count }, index) => {
        const { sequence, offset } = placements[index]!
        const runner = this.#runnerOf(shard)
        await runner.reach(sequence)
        return partOf(runner.recordOf(sequence), offset, count)
      }),
    )
  }
}

export function notYetApplied(): PulseprintError {
  const message =
    'the actions are durable and will be applied, but are not yet; sent again with their ids they count once'
  return new PulseprintError('NOT_YET_APPLIED', message, { retryAfterSeconds: 1 })
}
