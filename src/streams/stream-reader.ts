// What subscribers get: the entries of a stream after a cursor, from the stream store and, for
// `actions`, the log. Every read does a bounded amount of work.
import type { StreamFilter, StreamPage, StreamReader } from '../engine.ts'
import { PulseprintError } from '../errors.ts'
import { LIMITS } from '../limits.ts'
import type { ActionLog } from '../log/action-log.ts'
import type { Candidate } from './candidate.ts'
import { LoggedActions } from './logged-actions.ts'
import { parseCursor, type StreamCursor } from './stream-cursor.ts'
import { ACTIONS, type StreamItem, type StreamStore } from './stream-store.ts'

export class StoredStreams implements StreamReader {
  readonly names: ReadonlySet<string>
  readonly #store: StreamStore
  readonly #actions: LoggedActions
  /** The newest number that the store has named so far. */
  #head = 0

  /** @param names all streams of the definition, `actions` and `stages` among them */
  constructor(names: Iterable<string>, store: StreamStore, log: Pick<ActionLog, 'get'>) {
    this.names = new Set(names)
    this.#store = store
    this.#actions = new LoggedActions(log)
  }

  async head(): Promise<string> {
    return String(await this.#store.head())
  }

  onPublished(stream: string, callback: () => void): () => void {
    return this.#store.onPublished(stream, callback)
  }

  async read(stream: string, cursor: string, filter: StreamFilter, limit: number): Promise<StreamPage> {
    const from = parseCursor(cursor, 'cursor')
    if (!(await this.#wasGiven(from.number))) {
      throw new PulseprintError('INVALID_REQUEST', 'is not a cursor that this engine gave', {
        path: 'cursor',
      })
    }
    const page = await this.#page(stream, cursor, from, filter, limit)
    // This check comes after the reading: the store marks entries as dropped before they go.
    if (from.number > 0 && (await this.#store.hasDropped(stream, lastWhole(from)))) throw tooOld()
    return page
  }

  async #page(
    stream: string,
    cursor: string,
    from: StreamCursor,
    filter: StreamFilter,
    limit: number,
  ): Promise<StreamPage> {
    const after = lastWhole(from)
    const items = await this.#store.read(stream, after, LIMITS.streamReadItemsMax)
    const page: StreamPage = { entries: [], cursor, more: items.length === LIMITS.streamReadItemsMax }
    let looked = 0
    let text = 0
    for (const item of items) {
      const candidates = await this.#candidates(stream, item)
      const start = item.number === from.number && from.index !== undefined ? from.index + 1 : 0
      for (let index = start; index < candidates.length; index++) {
        const candidate = candidates[index]
        if (!candidate || !isWanted(candidate, filter)) continue
        if (page.entries.length === limit || text >= LIMITS.streamPageTextMax) return { ...page, more: true }
        page.cursor = `${item.number}.${index}`
        page.entries.push({ cursor: page.cursor, id: candidate.id, data: candidate.data })
        text += candidate.data.length
      }
      page.cursor = String(item.number)
      looked += candidates.length
      if (looked > LIMITS.streamReadEntriesMax) return { ...page, more: true }
    }
    return page
  }

  /**
   * Asks the store only about numbers above all that it has named: a question may cost a round
   * trip.
   */
  async #wasGiven(number: number): Promise<boolean> {
    if (number > this.#head) this.#head = await this.#store.head(number)
    return number <= this.#head
  }

  #candidates(
    stream: string,
    item: StreamItem,
  ): Promise<(Candidate | undefined)[]> | (Candidate | undefined)[] {
    if (stream === ACTIONS && item.entries.length === 0) return this.#actions.of(item)
    return item.entries.map(({ id, userId, action, data }) => ({ id, user: userId, action, data }))
  }
}

/** Number up to which everything was taken. */
function lastWhole({ number, index }: StreamCursor): number {
  return index === undefined ? number : number - 1
}

function tooOld(): PulseprintError {
  return new PulseprintError(
    'CURSOR_TOO_OLD',
    'entries after this place are no longer held: subscribe with after=0 to get all that are, or without it to get what comes next',
    { path: 'cursor' },
  )
}

function isWanted({ user, action }: Candidate, filter: StreamFilter): boolean {
  return (
    (filter.userId === undefined || user === filter.userId) &&
    (filter.action === undefined || action === filter.action)
  )
}
