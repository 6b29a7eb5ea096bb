// The rows between the last saved checkpoint and the newest row read: which of them are settled,
// what became of each, and whether one more may be sent. Rows count from 1, in the order of sending.
//
// No kill of engine or importer loses a row or counts it twice:
// - The id of a row depends on the file and the row number alone (or is the row's own). The rows of
//   a user go out in that order, each after the answer to the one before (lanes.ts).
// - A row is behind the mark when it and all rows before it have their answers, and an answer means
//   durable. So a run that resumes at the saved mark loses none: it sends the rows after it again.
// - Of those, the engine may have some already. Fewer than `userRowsMax` belong to one user, because
//   `hasRoom` holds back more until a later mark is on disk. The engine remembers at least 1,000 ids
//   per user and forgets the oldest first; a duplicate pushes none out. So it knows each of these
//   rows by its id and counts it once.
// - The tally counts rows up to the mark only, and is saved with it. So it counts a row once, too.
// This needs two things. The engine's idempotencyWindow has not passed since (import-run.ts refuses
// then). And no other client has sent the user more than about a hundred actions in between.
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

  /** @param onPassed called with each row as the mark passes it, in the order of sending */
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
