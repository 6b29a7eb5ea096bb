// Streams in memory for tests of what subscribers get: entries are numbered from 1, and a cursor is
// that number.
import type { StreamFilter, StreamReader } from '../../src/engine.ts'
import { PulseprintError } from '../../src/errors.ts'

interface Entry {
  userId: string
  action?: string
  [field: string]: unknown
}

export class MemoryStreams implements StreamReader {
  readonly names: ReadonlySet<string> = new Set(['actions', 'stages', 'rewards'])
  readonly #entries: Entry[] = []
  readonly #callbacks = new Set<() => void>()
  /** Entries up to this number are no longer held. */
  #dropped = 0
  /** How often entries were asked for. */
  reads = 0
  /** Whether entries cannot be read now. */
  away = false

  publish(...entries: Entry[]): void {
    this.#entries.push(...entries)
    for (const callback of this.#callbacks) callback()
  }

  trim(number: number): void {
    this.#dropped = number
  }

  get listeners(): number {
    return this.#callbacks.size
  }

  async read(_stream: string, cursor: string, { userId, action }: StreamFilter, limit: number) {
    if (this.away) throw new PulseprintError('STORAGE_UNAVAILABLE', 'the streams cannot be read')
    if (!/^\d+$/.test(cursor))
      throw new PulseprintError('INVALID_REQUEST', 'not a cursor', { path: 'cursor' })
    this.reads++
    if (Number(cursor) > 0 && Number(cursor) < this.#dropped)
      throw new PulseprintError('CURSOR_TOO_OLD', 'entries are no longer held: subscribe with after=0')
    const entries = []
    for (let at = Math.max(Number(cursor), this.#dropped); at < this.#entries.length; at++) {
      const entry = this.#entries[at]!
      if ((userId ?? entry.userId) !== entry.userId || (action ?? entry.action) !== entry.action) continue
      if (entries.length >= limit) return { entries, cursor: entries.at(-1)?.cursor ?? cursor, more: true }
      entries.push({ cursor: String(at + 1), id: `e${at + 1}`, data: JSON.stringify(entry) })
    }
    return { entries, cursor: String(this.#entries.length), more: false }
  }

  head(): string {
    return String(this.#entries.length)
  }

  onPublished(_stream: string, callback: () => void): () => void {
    this.#callbacks.add(callback)
    return () => this.#callbacks.delete(callback)
  }
}
