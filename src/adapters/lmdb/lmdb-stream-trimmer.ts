// Drops the oldest items of the streams on LMDB. The items of all shards lie mixed, in the order of
// their numbers, and are dropped in that order. Each stream is cut at the first item whose record is
// still in its shard's log. So every item is looked at about once.
import type { Database, RootDatabase } from 'lmdb'
import { decodeActionsItem, decodeEntriesItem } from '../../streams/item-codec.ts'
import { ACTIONS, type StreamItem } from '../../streams/stream-store.ts'
import { committed } from './lmdb-write.ts'

/**
 * How many items, and bytes of them, one transaction drops. It runs on the engine's thread, and
 * nobody can publish meanwhile.
 */
const SLICE_ITEMS = 200
const SLICE_BYTES = 512 * 1024

/**
 * `asked`: the sequence up to which a shard may go; `gone`: that of its newest dropped item of
 * `actions`; `stream`: number of its newest dropped item.
 */
type Mark = ['asked', shard: number] | ['gone', shard: number] | ['stream', stream: string]

interface Slice {
  items: number
  bytes: number
}

export class LmdbStreamTrimmer {
  readonly #root: RootDatabase
  readonly #actions: Database<Buffer, number>
  readonly #entries: Database<Buffer, [stream: string, number: number]>
  readonly #marks: Database<number, Mark>

  constructor(
    root: RootDatabase,
    actions: Database<Buffer, number>,
    entries: Database<Buffer, [stream: string, number: number]>,
  ) {
    this.#root = root
    this.#actions = actions
    this.#entries = entries
    this.#marks = root.openDB({ name: 'trimmed', encoding: 'json' })
  }

  /** See StreamStore. */
  async trim(shard: number, sequence: number): Promise<number> {
    let released: number | undefined
    while (released === undefined) {
      const commit = this.#root.transaction(() => {
        released = this.#trimSlice(shard, sequence)
      })
      const flushed = this.#root.flushed.then(() => {})
      // If the commit fails, its error is the one to report.
      flushed.catch(() => {})
      await committed(commit, 'the streams could not be trimmed')
      if (released !== undefined) await committed(flushed, 'the trimmed streams could not be flushed')
    }
    return released
  }

  /** See StreamStore. */
  hasDropped(stream: string, after: number): boolean {
    this.#root.resetReadTxn()
    return this.#mark(['stream', stream]) > after
  }

  /**
   * Runs inside the transaction. Gives the sequence up to which the shard's log is not needed;
   * undefined if there is more to drop.
   */
  #trimSlice(shard: number, sequence: number): number | undefined {
    const asked = Math.max(sequence, this.#mark(['asked', shard]))
    this.#marks.putSync(['asked', shard], asked)
    const slice = { items: 0, bytes: 0 }
    this.#trimActions(slice)
    for (const stream of this.#streams()) this.#trimEntries(stream, slice)
    if (isFull(slice)) return undefined
    return isEmpty(this.#actions) ? asked : this.#mark(['gone', shard])
  }

  #trimActions(slice: Slice): void {
    const dropped: StreamItem[] = []
    for (const { key, value } of this.#actions.getRange({ limit: SLICE_ITEMS })) {
      if (isFull(slice)) break
      const item = decodeActionsItem(key, value)
      if (!this.#mayGo(item)) break
      dropped.push(item)
      count(slice, value)
    }
    for (const { number, shard, sequence } of dropped) {
      this.#actions.removeSync(number)
      this.#marks.putSync(['gone', shard], sequence)
    }
    this.#noteDropped(ACTIONS, dropped)
  }

  #trimEntries(stream: string, slice: Slice): void {
    const dropped: StreamItem[] = []
    const end: [string, number] = [stream, Number.MAX_SAFE_INTEGER]
    for (const { key, value } of this.#entries.getRange({ start: [stream, 0], end, limit: SLICE_ITEMS })) {
      if (isFull(slice)) break
      const item = decodeEntriesItem(key[1], value)
      if (!this.#mayGo(item)) break
      dropped.push(item)
      count(slice, value)
    }
    for (const { number } of dropped) this.#entries.removeSync([stream, number])
    this.#noteDropped(stream, dropped)
  }

  #noteDropped(stream: string, dropped: readonly StreamItem[]): void {
    const newest = dropped.at(-1)
    if (newest) this.#marks.putSync(['stream', stream], newest.number)
  }

  #mayGo({ shard, sequence }: StreamItem): boolean {
    return sequence <= this.#mark(['asked', shard])
  }

  /** Names of the streams that hold entries, each found behind the last entry of the one before. */
  *#streams(): Iterable<string> {
    for (let start: [string, number] = ['', 0]; ; ) {
      const [first] = this.#entries.getKeys({ start, limit: 1 })
      if (!first) return
      yield first[0]
      start = [first[0], Number.MAX_SAFE_INTEGER]
    }
  }

  #mark(mark: Mark): number {
    return this.#marks.get(mark) ?? 0
  }
}

function count(slice: Slice, bytes: Buffer): void {
  slice.items += 1
  slice.bytes += bytes.length
}

function isFull({ items, bytes }: Slice): boolean {
  return items >= SLICE_ITEMS || bytes >= SLICE_BYTES
}

function isEmpty(database: Database<Buffer, number>): boolean {
  for (const _ of database.getKeys({ limit: 1 })) return false
  return true
}
