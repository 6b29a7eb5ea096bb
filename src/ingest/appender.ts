// Group commit: chunks that arrive while an append is on its way to the disk wait and share the
// next one, one record per shard. An idle engine appends an action at once. Under load, records
// grow by themselves.
import type { ActionLog } from '../log/action-log.ts'
import type { Action } from '../model/action.ts'
import type { Clock } from '../runtime/clock.ts'
import type { Chunk } from './batch.ts'
import { encodeRecord, encodeTick } from './records.ts'

/**
 * The place of a chunk in the log: its record, and the position of its first action in that record.
 */
export interface Placement {
  sequence: number
  offset: number
}

interface Pending {
  chunks: Uint8Array[]
  /** The chunks' actions; undefined if any chunk came without them. */
  actions: Action[] | undefined
  count: number
}

/** The records that share one append. Each shard's record is known by its place in `shards`. */
interface Group {
  shards: Map<number, Pending>
  /** Users of each shard that are due for a tick. */
  ticks: Map<number, readonly string[]>
  appended: Promise<Sequences>
  settle: { resolve(sequences: Sequences): void; reject(error: unknown): void }
}

/** The records of one append, by shard. */
interface Sequences {
  actions: Map<number, number>
  ticks: Map<number, number>
}

export class Appender {
  readonly #log: ActionLog
  readonly #clock: Clock
  readonly #epochOf: (shard: number) => number
  #gathering: Group = newGroup()
  #appending = false
  #idle: Promise<void> = Promise.resolve()
  #queuedBytes = 0

  constructor(log: ActionLog, clock: Clock, epochOf: (shard: number) => number) {
    this.#log = log
    this.#clock = clock
    this.#epochOf = epochOf
  }

  /** Bytes taken and not yet durable. */
  get queuedBytes(): number {
    return this.#queuedBytes
  }

  /**
   * Appends the chunks of one request. Resolves with the placement of each when they are durable.
   * It refuses none for its size: the front door does that, before any thread has taken its part of
   * a request. Errors: STORAGE_UNAVAILABLE.
   */
  async append(chunks: readonly Chunk[]): Promise<Placement[]> {
    if (chunks.length === 0) return []
    let bytes = 0
    for (const chunk of chunks) bytes += chunk.bytes.byteLength
    this.#queuedBytes += bytes
    const group = this.#gathering
    const offsets = chunks.map((chunk) => gather(group, chunk))
    if (!this.#appending) this.#appendLater()
    try {
      const sequences = await group.appended
      return chunks.map((chunk, index) => ({
        sequence: sequences.actions.get(chunk.shard) as number,
        offset: offsets[index] as number,
      }))
    } finally {
      this.#queuedBytes -= bytes
    }
  }

  /**
   * Appends a tick of a shard, with the time of the append. Resolves with its sequence when it is
   * durable. Call it one at a time for each shard. Errors: FENCED, STORAGE_UNAVAILABLE.
   */
  async appendTick(shard: number, users: readonly string[]): Promise<number> {
    const group = this.#gathering
    group.ticks.set(shard, users)
    if (!this.#appending) this.#appendLater()
    return (await group.appended).ticks.get(shard) as number
  }

  /** Resolves when nothing waits any more. */
  async drain(): Promise<void> {
    while (this.#appending) await this.#idle
  }

  /** One turn of the event loop later, so that requests which arrived together share the append. */
  #appendLater(): void {
    this.#appending = true
    this.#idle = new Promise((resolve) => setImmediate(resolve)).then(() => this.#appendAll())
  }

  async #appendAll(): Promise<void> {
    while (this.#gathering.shards.size > 0 || this.#gathering.ticks.size > 0) {
      const group = this.#gathering
      this.#gathering = newGroup()
      await this.#appendGroup(group)
    }
    this.#appending = false
  }

  async #appendGroup(group: Group): Promise<void> {
    try {
      const now = this.#clock.now()
      const entries = [...group.shards].map(([shard, { chunks, actions, count }]) => ({
        shard,
        payload: encodeRecord(now, this.#epochOf(shard), count, chunks),
        decoded: actions,
      }))
      const ticks = [...group.ticks].map(([shard, users]) => ({
        shard,
        payload: encodeTick(now, this.#epochOf(shard), users),
      }))
      const sequences = await this.#log.append([...entries, ...ticks])
      group.settle.resolve({
        actions: byShard(entries, sequences),
        ticks: byShard(ticks, sequences.slice(entries.length)),
      })
    } catch (error) {
      group.settle.reject(error)
    }
  }
}

function newGroup(): Group {
  let settle: Group['settle'] | undefined
  const appended = new Promise<Sequences>((resolve, reject) => {
    settle = { resolve, reject }
  })
  appended.catch(() => {})
  return { shards: new Map(), ticks: new Map(), appended, settle: settle as Group['settle'] }
}

function byShard(entries: readonly { shard: number }[], sequences: readonly number[]): Map<number, number> {
  return new Map(entries.map(({ shard }, index) => [shard, sequences[index] as number]))
}

/**
 * Puts the chunk into the group and returns the position of its first action in the shard's record.
 */
function gather(group: Group, chunk: Chunk): number {
  const pending = group.shards.get(chunk.shard)
  if (!pending) {
    const actions = chunk.actions && [...chunk.actions]
    group.shards.set(chunk.shard, { chunks: [chunk.bytes], actions, count: chunk.count })
    return 0
  }
  const offset = pending.count
  pending.chunks.push(chunk.bytes)
  if (chunk.actions) pending.actions?.push(...chunk.actions)
  else pending.actions = undefined
  pending.count += chunk.count
  return offset
}
