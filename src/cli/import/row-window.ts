// The rows between the last saved checkpoint and the newest row read: which of them are settled, how far every
// row is, and whether one more may be sent. Rows count from 1, in file order.
//
// Why no row is lost or counted twice, whoever is killed when:
// - Every row has an id that depends on the file and its row number alone (or its own), and all rows of a user
//   are sent in file order, the next only after the last was answered (lanes.ts).
// - A row is behind the mark only once it and all before it were answered, and an answer means durable. A run
//   that resumes at the saved mark therefore loses none; it sends those after it again.
// - Of the rows after the saved mark that the engine already has, fewer than `userRowsMax` belong to one user,
//   because `hasRoom` holds back any more until a later mark is on disk. The engine remembers at least 1,000 ids
//   per user and forgets the oldest first, and what it takes for a duplicate pushes none out. So each of these
//   rows finds its id remembered, and counts once.
// - The tally counts rows up to the mark only, and is saved with it, so rows sent again are counted once too.
// What it rests on: the engine's idempotencyWindow has not passed since (import-run.ts refuses then), and no
// other client has sent this user more than about a hundred actions between the two sendings.
import { LIMITS } from '../../limits.ts'
import { count, type Fate, type Tally } from './tally.ts'

/** Rows after the saved mark. Bounds the importer's memory and what is sent again after a crash. */
export const WINDOW_ROWS_MAX = 16_384
/** Rows of one user after the saved mark. */
export const USER_ROWS_MAX = Math.floor(LIMITS.rememberedIdsMax * 0.9)

interface Bounds {
  rowsMax: number
  userRowsMax: number
}

export class RowWindow {
  /** Every row up to here is settled. */
  mark: number
  /** The newest row read. */
  newest: number
  /** The mark that is on disk. */
  savedMark: number
  readonly tally: Tally
  readonly #bounds: Bounds
  readonly #onPassed: (row: number, fate: Fate) => void
  /** Rings by row number: what became of the row, and whose it is. */
  readonly #fates: (Fate | undefined)[]
  readonly #users: (string | undefined)[]
  readonly #rowsOfUser = new Map<string, number>()

  /** @param onPassed called with each row as the mark passes it, in file order */
  constructor(
    mark: number,
    tally: Tally,
    onPassed: (row: number, fate: Fate) => void,
    bounds: Bounds = { rowsMax: WINDOW_ROWS_MAX, userRowsMax: USER_ROWS_MAX },
  ) {
    this.mark = this.newest = this.savedMark = mark
    this.tally = tally
    this.#onPassed = onPassed
    this.#bounds = bounds
    this.#fates = new Array(bounds.rowsMax)
    this.#users = new Array(bounds.rowsMax)
  }

  /** Whether one more row, of this user if it has one, may enter before a checkpoint is saved. */
  hasRoom(user: string | undefined): boolean {
    if (this.newest - this.savedMark >= this.#bounds.rowsMax) return false
    return user === undefined || (this.#rowsOfUser.get(user) ?? 0) < this.#bounds.userRowsMax
  }

  /** Lets the next row in and returns its number. */
  enter(user: string | undefined): number {
    const row = ++this.newest
    const slot = row % this.#bounds.rowsMax
    this.#fates[slot] = undefined
    this.#users[slot] = user
    if (user !== undefined) this.#rowsOfUser.set(user, (this.#rowsOfUser.get(user) ?? 0) + 1)
    return row
  }

  settle(row: number, fate: Fate): void {
    this.#fates[row % this.#bounds.rowsMax] = fate
    while (this.mark < this.newest) {
      const passed = this.#fates[(this.mark + 1) % this.#bounds.rowsMax]
      if (!passed) return
      this.mark++
      count(this.tally, passed)
      this.#onPassed(this.mark, passed)
    }
  }

  /** The mark is on disk now: what lies behind it leaves the window. */
  saved(): void {
    while (this.savedMark < this.mark) {
      const slot = ++this.savedMark % this.#bounds.rowsMax
      const user = this.#users[slot]
      this.#users[slot] = this.#fates[slot] = undefined
      if (user === undefined) continue
      const rows = this.#rowsOfUser.get(user)! - 1
      if (rows === 0) this.#rowsOfUser.delete(user)
      else this.#rowsOfUser.set(user, rows)
    }
  }
}
