// The stream store on LMDB, shared by the threads of a process: each publishes for its own shards
// and reads all. It numbers what is published inside the write transaction, so that numbers are
// given in the order of commits.
import { resolve } from 'node:path'
import { BroadcastChannel } from 'node:worker_threads'
import type { Database, RootDatabase } from 'lmdb'
import { checkStoreIdentity, type StoreIdentity } from '../../model/store-identity.ts'
import {
  decodeActionsItem,
  decodeEntriesItem,
  type EncodedItem,
  encodeItems,
} from '../../streams/item-codec.ts'
import { ACTIONS, type Publication, type StreamItem, type StreamStore } from '../../streams/stream-store.ts'
import { openLmdb } from './lmdb-open.ts'
import { LmdbStreamTrimmer } from './lmdb-stream-trimmer.ts'
import { closed, committed } from './lmdb-write.ts'

/**
 * Every opening leaves out so many numbers: more than can be on their way to the disk at a time.
 * After a power cut, what was not flushed is published again. Its new numbers are above all that a
 * subscriber may have seen, so no subscriber misses an entry.
 */
const SKIPPED_AT_OPENING = 2 ** 20

const HEAD = 'head'

interface Prepared {
  shard: number
  sequence: number
  items: EncodedItem[]
}

export class LmdbStreamStore implements StreamStore {
  /** Actions are read from the log, which is in this process too. */
  readonly takesActions = false
  readonly countsAll = true
  readonly #root: RootDatabase
  /** Under `head` the newest number; under each shard the sequence up to which it is published. */
  readonly #positions: Database<number, string | number>
  /** A database of its own: it grows only at its end, so its pages are full. */
  readonly #actions: Database<Buffer, number>
  readonly #entries: Database<Buffer, [stream: string, number: number]>
  readonly #trimmer: LmdbStreamTrimmer
  readonly #channel: BroadcastChannel
  readonly #callbacks = new Map<string, Set<() => void>>()
  #flushed: Promise<unknown> = Promise.resolve()

  /**
   * Opens or creates the store in a folder. Errors: STORE_MISMATCH when it was created with another
   * identity.
   */
  constructor(path: string, identity: StoreIdentity) {
    this.#root = openLmdb(path, { encoding: 'binary', eventTurnBatching: false })
    checkStoreIdentity(this.#root.openDB({ name: 'identity', encoding: 'json' }), identity, path)
    this.#positions = this.#root.openDB({ name: 'positions', encoding: 'json' })
    this.#actions = this.#root.openDB({ name: ACTIONS, encoding: 'binary' })
    this.#entries = this.#root.openDB({ name: 'entries', encoding: 'binary' })
    this.#trimmer = new LmdbStreamTrimmer(this.#root, this.#actions, this.#entries)
    this.#root.transactionSync(() => {
      const head = this.#positions.get(HEAD)
      if (head !== undefined) void this.#positions.put(HEAD, head + SKIPPED_AT_OPENING)
    })
    this.#channel = new BroadcastChannel(`pulseprint streams ${resolve(path)}`)
    this.#channel.onmessage = (message) => this.#wake((message as { data: string[] }).data)
    this.#channel.unref()
  }

  published(shard: number): number {
    return this.#position(shard)
  }

  head(): number {
    return this.#position(HEAD)
  }

  async publish(publications: readonly Publication[]): Promise<void> {
    const prepared = publications.map((publication) => {
      const { shard, sequence } = publication
      return { shard, sequence, items: encodeItems(publication) }
    })
    let streams: string[] = []
    const commit = this.#root.transaction(() => {
      streams = this.#write(prepared)
    })
    const flushed = this.#root.flushed.then(() => {})
    // If the commit fails, its error is the one to report.
    flushed.catch(() => {})
    await committed(commit, 'the streams could not be written')
    this.#flushed = flushed
    if (streams.length === 0) return
    this.#channel.postMessage(streams)
    this.#wake(streams)
  }

  /** Runs inside the transaction. Gives the streams that something was written to. */
  #write(prepared: readonly Prepared[]): string[] {
    const published = new Map<number, number>()
    const streams = new Set<string>()
    let number = this.#positions.get(HEAD) ?? 0
    for (const { shard, sequence, items } of prepared) {
      if (sequence <= (published.get(shard) ?? this.#positions.get(shard) ?? 0)) continue
      published.set(shard, sequence)
      for (const { stream, bytes } of items) {
        number += 1
        streams.add(stream)
        if (stream === ACTIONS) this.#actions.putSync(number, bytes, { append: true })
        else this.#entries.putSync([stream, number], bytes)
      }
    }
    for (const [shard, sequence] of published) this.#positions.putSync(shard, sequence)
    this.#positions.putSync(HEAD, number)
    return [...streams]
  }

  async flushed(): Promise<void> {
    await committed(this.#flushed, 'the streams could not be flushed')
  }

  trim(shard: number, sequence: number): Promise<number> {
    return this.#trimmer.trim(shard, sequence)
  }

  hasDropped(stream: string, after: number): boolean {
    return this.#trimmer.hasDropped(stream, after)
  }

  read(stream: string, after: number, limit: number): StreamItem[] {
    // LMDB's cached view of the data may be older than what another thread has published.
    this.#root.resetReadTxn()
    const start = after + 1
    if (stream === ACTIONS) {
      const found = this.#actions.getRange({ start, limit })
      return Array.from(found, ({ key, value }) => decodeActionsItem(key, value))
    }
    const end: [string, number] = [stream, Number.MAX_SAFE_INTEGER]
    const found = this.#entries.getRange({ start: [stream, start], end, limit })
    return Array.from(found, ({ key, value }) => decodeEntriesItem(key[1], value))
  }

  onPublished(stream: string, callback: () => void): () => void {
    const callbacks = this.#callbacks.get(stream) ?? new Set()
    this.#callbacks.set(stream, callbacks)
    callbacks.add(callback)
    return () => callbacks.delete(callback)
  }

  async close(): Promise<void> {
    this.#callbacks.clear()
    this.#channel.close()
    await closed(this.#root)
  }

  #position(key: string | number): number {
    this.#root.resetReadTxn()
    return this.#positions.get(key) ?? 0
  }

  #wake(streams: readonly string[]): void {
    for (const stream of streams) for (const callback of this.#callbacks.get(stream) ?? []) callback()
  }
}
