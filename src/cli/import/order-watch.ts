// Notices rows that reach the engine in another order than they happened in, user by user, and rows
// that come so long after the user's row before that the engine may have announced a silence.
import { hash53 } from '../../model/hash.ts'
import { parseInstant } from '../../model/instant.ts'
import type { MappedAction } from './mapping/map-row.ts'
import { duration } from './shown.ts'
import type { Oddity, Tally } from './tally.ts'

/** What is known of one user's rows so far. */
interface Seen {
  /** Time of the newest, epoch ms. */
  at: number
  /** When the engine answered the last one; undefined before the first answer. */
  answeredMs: number | undefined
  /** Which oddities it had already. */
  had: Set<Oddity> | undefined
}

interface Found {
  oddity: Oddity
  ms: number
  /** The first of its kind for the user. */
  first: boolean
}

interface UnderWay {
  seen: Seen
  found: Found[] | undefined
}

/** Users it watches: it takes about 130 bytes for each. */
export const WATCHED_USERS_MAX = 500_000

export class OrderWatch {
  readonly #historyWaitMs: number
  readonly #usersMax: number
  readonly #users = new Map<number, Seen>()
  /** By their place among the rows that are sent. */
  readonly #underWay = new Map<number, UnderWay>()
  readonly #onFirst: (text: string) => void
  #told = false

  /**
   * @param historyWaitMs of the engine's definition; Infinity if it is not known
   * @param onFirst told of the first row that is out of order
   */
  constructor(historyWaitMs: number, onFirst: (text: string) => void, usersMax = WATCHED_USERS_MAX) {
    this.#historyWaitMs = historyWaitMs
    this.#onFirst = onFirst
    this.#usersMax = usersMax
  }

  /**
   * A row is about to be sent.
   * @param number its place in the input
   */
  entered(row: number, number: number, { action, user }: MappedAction): void {
    const at = parseInstant(action.occurredAt)
    if (at === undefined || user === '') return
    const seen = this.#seen(hash53(user), at)
    if (!seen) return
    const behindMs = seen.at - at
    seen.at = Math.max(seen.at, at)
    this.#underWay.set(row, {
      seen,
      found: behindMs > 0 ? [finding(seen, 'outOfOrder', behindMs)] : undefined,
    })
    if (behindMs <= 0 || this.#told) return
    this.#told = true
    this.#onFirst(
      `Row ${number} is ${duration(behindMs)} older than a row of the same user before it. Stages and decisions ` +
        'may differ from those in time order. To have them in time order, stop, and use --sort with an engine ' +
        'that has none of the rows.',
    )
  }

  /** Undefined for users beyond the bound. */
  #seen(user: number, at: number): Seen | undefined {
    const known = this.#users.get(user)
    if (known || this.#users.size >= this.#usersMax) return known
    const seen = { at, answeredMs: undefined, had: undefined }
    this.#users.set(user, seen)
    return seen
  }

  /** The engine has answered the row. */
  answered(row: number, nowMs: number): void {
    const underWay = this.#underWay.get(row)
    if (!underWay) return
    const { seen } = underWay
    const waitedMs = nowMs - (seen.answeredMs ?? nowMs)
    seen.answeredMs = nowMs
    if (waitedMs <= this.#historyWaitMs) return
    underWay.found = [...(underWay.found ?? []), finding(seen, 'paused', waitedMs)]
  }

  /** The row is done: what was found about it is counted. */
  passed(row: number, tally: Tally): void {
    for (const { oddity, ms, first } of this.#underWay.get(row)?.found ?? []) {
      const counted = tally[oddity]
      counted.rows++
      if (first) counted.users++
      counted.longestMs = Math.max(counted.longestMs, ms)
    }
    this.#underWay.delete(row)
  }
}

function finding(seen: Seen, oddity: Oddity, ms: number): Found {
  const first = !seen.had?.has(oddity)
  seen.had ??= new Set()
  seen.had.add(oddity)
  return { oddity, ms, first }
}
