// The way of a batch into the log, and the way of its outcomes back to the sender.
import { isFenced, PulseprintError } from '../../src/errors.ts'
import type { Placement } from '../../src/ingest/appender.ts'
import type { Appenders } from '../../src/ingest/appenders.ts'
import type { Chunk, Submitted, SubmitWait } from '../../src/ingest/batch.ts'
import { LIMITS } from '../../src/limits.ts'
import type { Clock } from '../../src/runtime/clock.ts'
import { within } from '../../src/runtime/deadline.ts'
import { type Applied, partOf } from '../shard/applied-watermark.ts'
import type { ShardRunner } from '../shard/shard-runner.ts'

export class Intake {
  readonly #appenders: Appenders
  readonly #clock: Clock
  readonly #runnerOf: (shard: number) => ShardRunner
  /** Shards that take no more actions, because another node is about to run them. */
  readonly #closed = new Set<number>()
  /** Appends under way, by shard. */
  readonly #appending = new Map<number, Set<Promise<unknown>>>()

  constructor(appenders: Appenders, clock: Clock, runnerOf: (shard: number) => ShardRunner) {
    this.#appenders = appenders
    this.#clock = clock
    this.#runnerOf = runnerOf
  }

  open(shard: number): void {
    this.#closed.delete(shard)
  }

  /**
   * Takes no more actions for the shard. Resolves when the log has taken or refused the earlier
   * ones.
   */
  async close(shard: number): Promise<void> {
    this.#closed.add(shard)
    await Promise.allSettled(this.#appending.get(shard) ?? [])
  }

  /**
   * Errors: NOT_OWNER if a shard is not run here, or NOT_READY if it has stopped: both mean that
   * nothing was taken. STORAGE_UNAVAILABLE. NOT_YET_APPLIED if the actions are durable but not
   * applied in time. PEER_LOST if another node gets their shard first.
   */
  async take(chunks: readonly Chunk[], wait: SubmitWait): Promise<Submitted> {
    const runners = chunks.map(({ shard }) => this.#openRunner(shard))
    if (wait === 'durable') {
      const placements = await this.#append(chunks, runners)
      return { sequences: sequencesOf(placements), outcomes: [], effects: [] }
    }
    const asked = runners.map((runner) => runner.expect())
    try {
      const placements = await this.#append(chunks, runners)
      const applied = this.#reachAll(chunks, placements, runners)
      const records = await within(applied, LIMITS.applyWaitMs, this.#clock, notYetApplied)
      return {
        sequences: sequencesOf(placements),
        outcomes: records.map(({ outcomes }) => outcomes),
        effects: records.map(({ effects }) => effects),
      }
    } finally {
      for (const done of asked) done()
    }
  }

  #openRunner(shard: number): ShardRunner {
    if (this.#closed.has(shard)) throw new PulseprintError('NOT_OWNER', `shard ${shard} goes to another node`)
    const runner = this.#runnerOf(shard)
    const { failure, fenced } = runner
    if (failure !== undefined) throw new PulseprintError(fenced ? 'NOT_OWNER' : 'NOT_READY', failure)
    return runner
  }

  async #append(chunks: readonly Chunk[], runners: readonly ShardRunner[]): Promise<Placement[]> {
    const appended = this.#appenders.append(chunks)
    for (const [index, { shard, count }] of chunks.entries()) {
      runners[index]!.unappliedActions += count
      const others = this.#appending.get(shard)
      if (others) others.add(appended)
      else this.#appending.set(shard, new Set([appended]))
    }
    try {
      return await appended
    } catch (error) {
      for (const [index, { count }] of chunks.entries()) runners[index]!.unappliedActions -= count
      // The log may hold other records that were to go in together with the refused one, from this
      // request or from another.
      throw isFenced(error) ? lostMeanwhile() : error
    } finally {
      for (const { shard } of chunks) this.#appending.get(shard)?.delete(appended)
    }
  }

  /**
   * What became of each chunk's actions. It asks as each shard gets there, because a shard forgets
   * the outcomes while the others are behind.
   */
  #reachAll(
    chunks: readonly Chunk[],
    placements: readonly Placement[],
    runners: readonly ShardRunner[],
  ): Promise<Applied[]> {
    return Promise.all(
      chunks.map(async ({ count }, index) => {
        const { sequence, offset } = placements[index]!
        const runner = runners[index]!
        await runner.reach(sequence).catch((error) => {
          throw isNotOwner(error) ? lostMeanwhile() : notYetApplied()
        })
        return partOf(runner.recordOf(sequence), offset, count)
      }),
    )
  }
}

function sequencesOf(placements: readonly Placement[]): number[] {
  return placements.map(({ sequence }) => sequence)
}

function isNotOwner(error: unknown): boolean {
  return error instanceof PulseprintError && error.code === 'NOT_OWNER'
}

function lostMeanwhile(): PulseprintError {
  return new PulseprintError('PEER_LOST', 'a shard went to another node before it had applied the actions')
}

export function notYetApplied(): PulseprintError {
  const message =
    'the actions are durable and will be applied, but are not yet; sent again with their ids they count once'
  return new PulseprintError('NOT_YET_APPLIED', message, { retryAfterSeconds: 1 })
}
