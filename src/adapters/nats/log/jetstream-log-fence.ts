// Keeps an owner of the past out of a shard's log. An owner begins with a record that nothing is
// expected of; each later one names the record that it expects to be the newest, so that the server
// refuses it once somebody else has begun, however late it arrives.
import { setTimeout as sleep } from 'node:timers/promises'
import { PulseprintError } from '../../../errors.ts'

/** The newest record of a shard. */
export interface Newest {
  sequence: number
  /** Appended by this process. */
  isOwn: boolean
}

/** The leader may show what it has refused us for only a moment later. */
const LOOKS_MAX = 40
const LOOK_INTERVAL_MS = 50

export class LogFence {
  readonly #newest: (shard: number) => Promise<Newest | undefined>
  /**
   * Newest record by shard that this process has begun, as far as it knows; `fenced`: it is
   * somebody else's; `any`: the first record is not in yet.
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
   * One append of a shard after the other. Errors: FENCED if another owner has begun; those of
   * `publish`.
   * @param begins this process begins to own the shard with it
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
