// Keeps a former owner out of a shard's log. An owner's first record is appended without a condition.
// Each later record names the one that it expects to be the newest. Once another owner has begun, the
// server refuses such a record, however late it arrives.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseprintError } from '../../../errors.ts'

/** The newest record of a shard. */
export interface Newest {
  sequence: number
  /** Appended by this process. */
  isOwn: boolean
}

/** It may take the leader a moment to show the record because of which it refused ours. */
const LOOKS_MAX = 40
const LOOK_INTERVAL_MS = 50

export class LogFence {
  readonly #newest: (shard: number) => Promise<Newest | undefined>
  /**
   * For each shard that this process has begun, the newest record that it knows of. `fenced`: another
   * owner has begun. `any`: our first record is not in yet.
   */
  readonly #lasts = new Map<number, number | 'fenced' | 'any'>()
  /** Settles with the append under way. */
  readonly #busy = new Map<number, Promise<unknown>>()
  readonly #listeners = new Set<(shard: number) => void>()

  constructor(newest: (shard: number) => Promise<Newest | undefined>) {
    this.#newest = newest
  }

  /** Calls back with a shard that another owner has begun. */
  onFenced(callback: (shard: number) => void): void {
    this.#listeners.add(callback)
  }

  /**
   * Appends to one shard, one record after the other. Errors: FENCED if another owner has begun; those of
   * `publish`.
   * @param begins it is the first record of this owner
   * @param publish is given the sequence that the newest record must have; undefined: any
   */
  append(
    shard: number,
    begins: boolean,
    publish: (last: number | undefined) => Promise<number>,
  ): Promise<number> {
    const before = this.#busy.get(shard) ?? Promise.resolve()
    const appended = before.then(() => this.#append(shard, begins, publish))
    this.#busy.set(
      shard,
      appended.catch(() => {}),
    )
    return appended
  }

  async #append(
    shard: number,
    begins: boolean,
    publish: (last: number | undefined) => Promise<number>,
  ): Promise<number> {
    if (begins) this.#lasts.set(shard, 'any')
    for (;;) {
      const known = this.#lasts.get(shard)
      if (known === 'fenced') throw fenced(shard)
      const last = known === 'any' ? undefined : known
      try {
        const sequence = await publish(last)
        if (known !== undefined) this.#lasts.set(shard, sequence)
        return sequence
      } catch (error) {
        if (last === undefined || !(error as Error).message.includes('wrong last sequence')) throw error
        await this.#lookBehind(shard, last)
      }
    }
  }

  /**
   * An own record whose acknowledgement was lost is the newest now; any other one is somebody
   * else's.
   */
  async #lookBehind(shard: number, last: number): Promise<void> {
    for (let looks = 0; looks < LOOKS_MAX; looks++) {
      const newest = await this.#newest(shard)
      if (newest && newest.sequence > last) {
        this.#lasts.set(shard, newest.isOwn ? newest.sequence : 'fenced')
        if (!newest.isOwn) for (const listener of this.#listeners) listener(shard)
        return
      }
      await sleep(LOOK_INTERVAL_MS)
    }
    throw new PulseprintError('STORAGE_UNAVAILABLE', `the newest record of shard ${shard} cannot be seen`)
  }
}

function fenced(shard: number): PulseprintError {
  return new PulseprintError('FENCED', `another owner has begun to append to shard ${shard}`)
}
